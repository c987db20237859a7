import Glibc

/// One thread that runs an actor's jobs in order, so that whatever blocks there never blocks the cooperative pool.
///
/// A task that prefers it runs there as well, and then calls of the actor cost no change of thread.
///
/// The thread ends when the executor is released. It is never joined: the last reference may be dropped by one of its own
/// jobs.
final class ThreadExecutor: SerialExecutor, TaskExecutor {
    /// What the thread looks after while it has no job. It belongs to the thread alone.
    protocol IdleWork: AnyObject {
        /// What to wait for; negative for nothing.
        var awaitedSocket: Int32 { get }
        /// There is something to read.
        func attend()
    }

    private let queue: JobQueue

    /// - Parameters:
    ///   - wakeup: what wakes the thread.
    ///   - idleWork: nobody else may hold on to it but in jobs of this executor.
    /// - Throws: `.connectionFailed` when the system has no thread to give.
    init(name: String, wakeup: Wakeup, idleWork: (any IdleWork)? = nil) throws(PostgresError) {
        let queue = JobQueue(wakeup: wakeup, idleWork: idleWork)
        self.queue = queue
        try startThread(named: name) { queue.runUntilFinished() }
    }

    deinit { queue.finish() }

    func enqueue(_ job: consuming ExecutorJob) {
        queue.append(UnownedJob(job), executor: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
    }
}

/// The jobs of one executor.
///
/// `@unchecked Sendable`: the mutable state is touched only between `pthread_mutex_lock` and `unlock`, and the idle work only by
/// the thread; the mutex has a stable address because it is allocated on the heap.
private final class JobQueue: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let wakeup: Wakeup
    private let idleWork: (any ThreadExecutor.IdleWork)?
    private typealias Entry = (job: UnownedJob, executor: UnownedSerialExecutor, taskExecutor: UnownedTaskExecutor)
    private var jobs: [Entry] = []
    private var isFinished = false
    /// Whether the thread waits, or is about to.
    private var isWaiting = false

    init(wakeup: Wakeup, idleWork: (any ThreadExecutor.IdleWork)?) {
        pthread_mutex_init(mutex, nil)
        self.wakeup = wakeup
        self.idleWork = idleWork
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    func append(_ job: UnownedJob, executor: UnownedSerialExecutor, taskExecutor: UnownedTaskExecutor) {
        wakeThread { jobs.append((job, executor, taskExecutor)) }
    }

    func finish() {
        wakeThread { isFinished = true }
    }

    func runUntilFinished() {
        while let batch = next() {
            for entry in batch {
                entry.job.runSynchronously(isolatedTo: entry.executor, taskExecutor: entry.taskExecutor)
            }
        }
    }

    private func wakeThread(after change: () -> Void) {
        pthread_mutex_lock(mutex)
        change()
        let isWaiting = isWaiting
        self.isWaiting = false
        pthread_mutex_unlock(mutex)
        // Not before: whoever wakes would have to wait for the mutex.
        if isWaiting { wakeup.signal() }
    }

    /// The jobs that wait, oldest first; nil once the executor is gone and nothing waits. Does idle work until there are any.
    private func next() -> [Entry]? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while jobs.isEmpty && !isFinished {
            isWaiting = true
            pthread_mutex_unlock(mutex)
            let hasIdleWork = wait()
            pthread_mutex_lock(mutex)
            // Before that work, whose jobs need wake nobody.
            isWaiting = false
            guard hasIdleWork else { continue }
            pthread_mutex_unlock(mutex)
            idleWork?.attend()
            pthread_mutex_lock(mutex)
        }
        guard !jobs.isEmpty else { return nil }
        defer { jobs.removeAll(keepingCapacity: true) }
        return jobs
    }

    /// Returns when there may be a job or idle work.
    ///
    /// - Returns: whether there is idle work.
    private func wait() -> Bool {
        var descriptors = (
            pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: idleWork?.awaitedSocket ?? -1, events: Int16(POLLIN), revents: 0)
        )
        let ready = withUnsafeMutableBytes(of: &descriptors) {
            poll($0.assumingMemoryBound(to: pollfd.self).baseAddress, 2, -1)
        }
        guard ready > 0 else { return false }
        if descriptors.0.revents != 0 { wakeup.drain() }
        return descriptors.1.revents != 0
    }
}
