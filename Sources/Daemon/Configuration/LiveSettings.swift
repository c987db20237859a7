import Synchronization

/// The settings in effect; a reload puts others in their place, and whoever uses them looks anew.
final class LiveSettings: Sendable {
    private let settings: Mutex<Settings>

    init(_ settings: Settings) { self.settings = Mutex(settings) }

    /// What is in effect now.
    var current: Settings {
        get { settings.withLock { $0 } }
        set { settings.withLock { $0 = newValue } }
    }
}
