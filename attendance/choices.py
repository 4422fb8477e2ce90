"""The wire's words for statuses, states of agents and kinds of shifts. Pure."""

from enum import StrEnum


class AttendanceStatus(StrEnum):
    """The status of a person that a feed reports."""

    PRESENT = "present"
    LATE = "late"
    ABSENT = "absent"
    ON_BREAK = "on_break"
    TRAINING = "training"
    ON_LEAVE = "on_leave"
    DAY_OFF = "day_off"
    CHECKED_OUT = "checked_out"


class AgentStateName(StrEnum):
    """The state of an agent that a feed reports, such as an ACD."""

    AVAILABLE = "available"
    ON_CONTACT = "on_contact"
    AFTER_CONTACT = "after_contact"
    BREAK = "break"
    LUNCH = "lunch"
    TRAINING = "training"
    MEETING = "meeting"
    OTHER = "other"
    OFFLINE = "offline"


class Activity(StrEnum):
    """The activity that a schedule asks for, or that a state amounts to."""

    WORK = "work"
    BREAK = "break"
    TRAINING = "training"
    OTHER = "other"
    OFFLINE = "offline"


class ShiftKind(StrEnum):
    """The purpose of a shift."""

    WORK = "work"
    BREAK = "break"
    TRAINING = "training"
    LEAVE = "leave"
    DAY_OFF = "day_off"


PRESENT_STATUSES = frozenset(
    {AttendanceStatus.PRESENT, AttendanceStatus.LATE, AttendanceStatus.ON_BREAK, AttendanceStatus.TRAINING}
)
AWAY_STATUSES = frozenset({AttendanceStatus.ON_LEAVE, AttendanceStatus.DAY_OFF})
WORKING_KINDS = frozenset({ShiftKind.WORK, ShiftKind.BREAK, ShiftKind.TRAINING})

AT_WORK = "present"
"""The state of people who are at work by their check-in, and of whom no agent state is known."""
AGENT_STATES = tuple(state.value for state in AgentStateName)
"""The states that a feed may report."""
STATE_NAMES = (
    AgentStateName.ON_CONTACT.value,
    AgentStateName.AVAILABLE.value,
    AgentStateName.AFTER_CONTACT.value,
    AT_WORK,
    AgentStateName.BREAK.value,
    AgentStateName.LUNCH.value,
    AgentStateName.TRAINING.value,
    AgentStateName.MEETING.value,
    AgentStateName.OTHER.value,
    AgentStateName.OFFLINE.value,
)
"""All states that a person may be shown in: reported ones, and those that follow from check-ins."""
ACTIVITY_OF: dict[str, Activity] = {
    AgentStateName.AVAILABLE: Activity.WORK,
    AgentStateName.ON_CONTACT: Activity.WORK,
    AgentStateName.AFTER_CONTACT: Activity.WORK,
    AT_WORK: Activity.WORK,
    AgentStateName.BREAK: Activity.BREAK,
    AgentStateName.LUNCH: Activity.BREAK,
    AgentStateName.TRAINING: Activity.TRAINING,
    AgentStateName.MEETING: Activity.TRAINING,
    AgentStateName.OTHER: Activity.OTHER,
    AgentStateName.OFFLINE: Activity.OFFLINE,
}
"""The activity that each state amounts to. Schedules know one kind of planned time off the queue, training; a meeting
adheres to it."""
