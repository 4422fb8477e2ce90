/* A wall clock that is wrong by CLOCK_SHIFT seconds, for one process: LD_PRELOAD=clock.so CLOCK_SHIFT=-3600 ...
 * The monotonic clock is left alone, and so are timers: on a machine whose clock is wrong they work as well.
 * (libfaketime cannot do that: with it Python's sleeps and timed waits fail or never end.) */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static time_t shift(void)
{
    const char *seconds = getenv("CLOCK_SHIFT");
    return seconds ? atol(seconds) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int failed = syscall(SYS_clock_gettime, clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        now->tv_sec += shift();
    return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec precise;
    (void)zone;
    int failed = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return failed;
}

time_t time(time_t *seconds)
{
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (seconds)
        *seconds = precise.tv_sec;
    return precise.tv_sec;
}

/* Its deadline was worked out with the clock above; the kernel compares it with the right one. */
int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict until)
{
    int (*real)(sem_t *, const struct timespec *);
    *(void **)&real = dlsym(RTLD_NEXT, "sem_timedwait");
    struct timespec moved = {until->tv_sec - shift(), until->tv_nsec};
    return real(semaphore, &moved);
}
