import Foundation

/// The database password that systemd hands to the service (`LoadCredential=`), where there is one.
package enum PasswordCredential {
    /// Makes it `PGPASSWORD`, which libpq uses where nothing else gives a password.
    ///
    /// libpq could not read it by itself: it ignores a password file that others may read, and from systemd 257 on
    /// credentials are of that kind.
    ///
    /// - Throws: `.misuse` when it is there and cannot be read.
    package static func adopt() throws(PostgresError) {
        guard let directory = ProcessInfo.processInfo.environment["CREDENTIALS_DIRECTORY"] else { return }
        let file = directory + "/password"
        guard FileManager.default.fileExists(atPath: file) else { return }
        guard let text = try? String(contentsOfFile: file, encoding: .utf8), !text.contains("\0") else {
            throw PostgresError(
                .misuse, "the credential 'password' cannot be read as a text: \(file)", operation: "password")
        }
        setenv("PGPASSWORD", text.trimmingCharacters(in: .newlines), 0)
    }
}
