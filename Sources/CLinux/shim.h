// What glibc offers only as variadic functions, as macros or as extensions, which Swift cannot use.
#include <fcntl.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <malloc.h>
#include <sched.h>
#include <spawn.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *, int);
int pipe2(int descriptors[2], int flags);

/// Makes a program that is started get no descriptor from this one on, also none that another thread opens meanwhile.
static inline int close_from(posix_spawn_file_actions_t *actions, int descriptor) {
    return posix_spawn_file_actions_addclosefrom_np(actions, descriptor);
}

/// A pipe that no program gets that another thread starts meanwhile.
static inline int open_pipe(int descriptors[2]) { return pipe2(descriptors, O_CLOEXEC); }

/// The signal that the calling process gets when the thread that started it ends.
static inline int set_parent_death_signal(int signal) { return prctl(PR_SET_PDEATHSIG, signal); }

/// Gives memory that is not used any more back to the system.
static inline void return_free_memory(void) { malloc_trim(0); }

/// Gives the calling thread, and all that it starts, processor and disk when nobody else wants them.
static inline void take_lowest_priority(void) {
    struct sched_param parameters = {0};
    sched_setscheduler(0, SCHED_IDLE, &parameters);
    setpriority(PRIO_PROCESS, 0, 19);
    syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0));
}

/// Puts the calling process into a session of its own, also where it leads a process group, whose leader may not begin one.
/// False where it stays in that of others: it leads a group, and its parent, whose group it could have joined, is no more.
static inline bool take_own_session(void) {
    setpgid(0, getpgid(getppid()));
    return setsid() >= 0;
}

/// Bounds what the calling process may allocate, in bytes.
static inline int limit_memory(unsigned long bytes) {
    struct rlimit limit = {bytes, bytes};
    return setrlimit(RLIMIT_DATA, &limit);
}

/// Takes from the calling process, and all that it starts, the possibility to leave a core file.
static inline int forbid_core_files(void) {
    struct rlimit limit = {0, 0};
    return setrlimit(RLIMIT_CORE, &limit);
}
