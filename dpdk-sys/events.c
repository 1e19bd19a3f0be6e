/*
 * Stands in front of EAL's calls by which drivers listen for events: a program's own function of a library's name is the one
 * that the library's other users call too, drivers that are loaded later among them.
 *
 * net_memif hears of its peers this way, and does what nobody else can keep it from:
 *
 * - When a peer goes, it unmaps what bursts read, and asks nobody whether a burst is under way. Between the moment when
 *   later bursts find the peer gone and that one it makes one call to EAL: it gives up its event.
 * - When a port that listens is closed, it frees the listener's handle and does not give up its event: EAL would look at memory
 *   that is gone whenever something happens.
 */
/* Handles are opened up by calls that the oldest release which we use has not settled yet. */
#define ALLOW_EXPERIMENTAL_API

#include "shim.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include <rte_interrupts.h>

/* A socket where a driver waits for peers. */
struct listener {
	const struct rte_intr_handle *handle;
	rte_intr_callback_fn callback;
	void *argument;
	LIST_ENTRY(listener) next;
};

static LIST_HEAD(, listener) listeners = LIST_HEAD_INITIALIZER(listeners);
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(void (*)(void)) before_unregister;

void pw_before_unregister(void (*hook)(void))
{
	atomic_store(&before_unregister, hook);
}

/* Takes the listener of a handle out of the list; NULL if it is none's. */
static struct listener *taken_out(const struct rte_intr_handle *handle)
{
	struct listener *listener;

	pthread_mutex_lock(&lock);
	LIST_FOREACH(listener, &listeners, next)
		if (listener->handle == handle)
			break;
	if (listener != NULL)
		LIST_REMOVE(listener, next);
	pthread_mutex_unlock(&lock);
	return listener;
}

static bool listens(int fd)
{
	int answer = 0;
	socklen_t length = sizeof(answer);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &answer, &length) == 0 && answer != 0;
}

static void remember(const struct rte_intr_handle *handle, rte_intr_callback_fn callback, void *argument)
{
	/* A handle that listens once more is remembered once. */
	struct listener *listener = taken_out(handle);

	if (listener == NULL)
		listener = malloc(sizeof(*listener));
	if (listener == NULL)
		return;
	*listener = (struct listener){ .handle = handle, .callback = callback, .argument = argument };
	pthread_mutex_lock(&lock);
	LIST_INSERT_HEAD(&listeners, listener, next);
	pthread_mutex_unlock(&lock);
}

int rte_intr_callback_register(const struct rte_intr_handle *handle, rte_intr_callback_fn callback, void *argument)
{
	typeof(rte_intr_callback_register) *eals = dlsym(RTLD_NEXT, __func__);
	int rc = eals(handle, callback, argument);

	if (rc == 0 && listens(rte_intr_fd_get(handle)))
		remember(handle, callback, argument);
	return rc;
}

int rte_intr_callback_unregister(const struct rte_intr_handle *handle, rte_intr_callback_fn callback, void *argument)
{
	typeof(rte_intr_callback_unregister) *eals = dlsym(RTLD_NEXT, __func__);
	void (*hook)(void) = atomic_load(&before_unregister);

	if (hook != NULL)
		hook();
	return eals(handle, callback, argument);
}

void rte_intr_instance_free(struct rte_intr_handle *handle)
{
	typeof(rte_intr_instance_free) *eals = dlsym(RTLD_NEXT, __func__);
	struct listener *listener = taken_out(handle);

	/* Whoever gave up its event has closed its socket too. */
	if (listener != NULL && rte_intr_callback_unregister(handle, listener->callback, listener->argument) > 0)
		close(rte_intr_fd_get(handle));
	free(listener);
	eals(handle);
}
