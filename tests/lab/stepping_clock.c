/*
 * Has the system's monotonic clock step forward by ten seconds, for a program that this is preloaded into (LD_PRELOAD), as soon
 * as the file is there that POLLWAY_TEST_STEP names.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
	const char *file = getenv("POLLWAY_TEST_STEP");
	int rc = syscall(SYS_clock_gettime, clock, now);

	if (rc == 0 && clock == CLOCK_MONOTONIC && file != NULL && access(file, F_OK) == 0)
		now->tv_sec += 10;
	return rc;
}
