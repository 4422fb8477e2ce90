"""Queues side by side: agents who serve several of them take each contact that has waited longest."""

from dataclasses import dataclass, field

from intraday.simulator.queueing import Line, SharedAgents


@dataclass(eq=False)
class Floor:
    """Queues whose time passes together, because contacts of several of them may reach the same agents."""

    lines: list[Line]
    shared: list[SharedAgents] = field(default_factory=list)

    def advance(self, until: float) -> None:
        """Let time pass until then. Staff, reach and connections must not change in between."""
        self._serve()
        while self.lines[0].now < until:
            time = min(until, *(line.next_event() for line in self.lines), *(group.done() for group in self.shared))
            for line in self.lines:
                line.pass_to(time)
            for line in self.lines:
                line.happen()
            for group in self.shared:
                group.finish(time)
            self._serve()

    def _serve(self) -> None:
        """Let agents take contacts: a queue's own ones first; shared ones take the contact that has waited longest."""
        for line in self.lines:
            line.serve()
        for group in self.shared:
            while found := [line for line in self.lines if line.waiting and group in line.shared and group.free(line)]:
                group.take(min(found, key=lambda line: line.oldest))


def floors(lines: list[Line], groups: list[SharedAgents]) -> list[Floor]:
    """Lines that share agents stand on one floor; each other has a floor of its own."""
    found = [Floor([line]) for line in lines]
    for group in groups:
        together = [floor for floor in found if any(line.profile.queue in group.queues for line in floor.lines)]
        joined = Floor(
            [line for floor in together for line in floor.lines],
            [*(each for floor in together for each in floor.shared), group],
        )
        for line in joined.lines:
            if line.profile.queue in group.queues:
                line.shared.append(group)
        found = [floor for floor in found if floor not in together] + [joined]
    return found
