import Glibc

/// Starts a detached thread that runs `body` and ends.
///
/// - Parameter name: what `ps -L` and debuggers show; cut off after 15 bytes.
/// - Throws: `.connectionFailed` when the system has no thread to give.
func startThread(named name: String, _ body: @escaping @Sendable () -> Void) throws(PostgresError) {
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    pthread_attr_setstacksize(&attributes, 512 * 1024)
    var thread = pthread_t()
    let work = Unmanaged.passRetained(ThreadWork(name: name, body: body))
    let status = pthread_create(
        &thread, &attributes,
        { pointer in
            guard let pointer else { return nil }
            let work = Unmanaged<ThreadWork>.fromOpaque(pointer).takeRetainedValue()
            nameThread(work.name)
            work.body()
            return nil
        }, work.toOpaque())
    guard status == 0 else {
        work.release()
        throw PostgresError(
            .connectionFailed, "no thread to be had: \(String(cString: strerror(status)))", operation: "connect")
    }
}

private final class ThreadWork {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
        self.name = name
        self.body = body
    }
}

/// Names the calling thread, for `ps -L` and debuggers; it does no harm when that fails.
private func nameThread(_ name: String) {
    let file = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
    guard file >= 0 else { return }
    _ = write(file, name, min(15, name.utf8.count))
    close(file)
}
