import CLibFuzzer
import FuzzTargets
import Glibc

/// `Fuzz TARGET [-OPTION=VALUE…] [FOLDER…]`: libFuzzer tries to make something that parses bytes from outside crash, hang, or
/// allocate without bound. Options and folders are libFuzzer's.
@main
enum Fuzz {
    private static let target = CommandLine.arguments.dropFirst().first.flatMap { name in
        Target.all.first { $0.name == name }
    }

    static func main() {
        guard target != nil else {
            print("usage: Fuzz TARGET [-OPTION=VALUE…] [FOLDER…], where TARGET is one of")
            for target in Target.all { print("  \(target.name)") }
            exit(EX_USAGE)
        }
        // libFuzzer does not hear of the target.
        var count = CommandLine.argc - 1
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv + 1
        exit(
            LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
                do {
                    _ = try Fuzz.target?.parse(Array(UnsafeBufferPointer(start: bytes, count: count)))
                } catch {
                    print("finding: \(error)")
                    abort()
                }
                return 0
            })
    }
}
