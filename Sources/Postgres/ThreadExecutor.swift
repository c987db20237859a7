import Glibc

/// One thread that runs an actor's jobs in order, so that whatever blocks there never blocks the cooperative pool.
///
/// A task that prefers it runs there as well, and then calls of the actor cost no change of thread.
///
/// The thread ends when the executor is released. It is never joined: the last reference may be dropped by one of its own
/// jobs.
final class ThreadExecutor: SerialExecutor, TaskExecutor {
    private let queue = JobQueue()

    /// - Throws: `.connectionFailed` when the system has no thread to give.
    init(name: String) throws(PostgresError) {
        let queue = queue
        try startThread(named: name) { queue.runUntilFinished() }
    }

    deinit { queue.finish() }

    func enqueue(_ job: consuming ExecutorJob) {
        queue.append(UnownedJob(job), executor: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
    }
}

/// The jobs of one executor.
///
/// `@unchecked Sendable`: the mutable state is touched only between `pthread_mutex_lock` and `unlock`; mutex and
/// condition have stable addresses because they are allocated on the heap.
private final class JobQueue: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private typealias Entry = (job: UnownedJob, executor: UnownedSerialExecutor, taskExecutor: UnownedTaskExecutor)
    private var jobs: [Entry] = []
    private var isFinished = false

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    func append(_ job: UnownedJob, executor: UnownedSerialExecutor, taskExecutor: UnownedTaskExecutor) {
        pthread_mutex_lock(mutex)
        jobs.append((job, executor, taskExecutor))
        pthread_mutex_unlock(mutex)
        // Not before: whoever wakes would have to wait for the mutex.
        pthread_cond_signal(changed)
    }

    func finish() {
        pthread_mutex_lock(mutex)
        isFinished = true
        pthread_mutex_unlock(mutex)
        pthread_cond_signal(changed)
    }

    func runUntilFinished() {
        while let batch = next() {
            for entry in batch {
                entry.job.runSynchronously(isolatedTo: entry.executor, taskExecutor: entry.taskExecutor)
            }
        }
    }

    /// The jobs that wait, oldest first; nil once the executor is gone and nothing waits.
    private func next() -> [Entry]? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while jobs.isEmpty && !isFinished { pthread_cond_wait(changed, mutex) }
        guard !jobs.isEmpty else { return nil }
        defer { jobs.removeAll(keepingCapacity: true) }
        return jobs
    }
}
