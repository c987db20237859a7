import CSystemd

/// Says to systemd how the service is, where there is a systemd that asks (`NOTIFY_SOCKET`).
enum ServiceManager {
    /// The configuration is valid and the loop runs.
    static func ready() { notify("READY=1") }

    /// A clean stop has begun.
    static func stopping() { notify("STOPPING=1") }

    /// One line for a person, shown by `systemctl status`.
    static func status(_ line: String) { notify("STATUS=\(line.replacing("\n", with: " "))") }

    enum Part { case service, training, reload }
    static func report(_ part: Part, _ text: String?) { if let text { status(text) } }

    private static func notify(_ state: String) {
        // Without a NOTIFY_SOCKET this does nothing; with a broken one forecasts matter more than their description.
        _ = sd_notify(0, state)
    }
}
