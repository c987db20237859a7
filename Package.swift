// swift-tools-version: 6.2
import PackageDescription

/// What builds the kernel for a level of x86-64. On other architectures it is the plain kernel once more, never picked.
func kernelSettings(_ level: String) -> [SwiftSetting] {
    #if arch(x86_64)
        [.define("HAZECAST_FMA"), .unsafeFlags(["-Xcc", "-march=\(level)"])]
    #else
        []
    #endif
}

let package = Package(
    name: "hazecast",
    products: [
        .executable(name: "hazecast", targets: ["Daemon"]),
        .executable(name: "hazecast-web", targets: ["Web"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-configuration.git", from: "1.4.0", traits: ["YAML"]),
        .package(url: "https://github.com/apple/swift-log.git", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-system.git", from: "1.8.1"),
        .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.13.0"),
    ],
    targets: [
        .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CSystemd", pkgConfig: "libsystemd", providers: [.apt(["libsystemd-dev"])]),
        .systemLibrary(name: "CLibcrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CLinux"),
        .target(name: "Postgres", dependencies: ["CLibpq", "CLinux"]),
        // The network's arithmetic, one source built once for each kind of x86-64 (the other two are links to the first).
        // Forecast picks one at run time.
        .target(name: "NetworkKernel"),
        .target(name: "NetworkKernelAVX2", swiftSettings: kernelSettings("x86-64-v3")),
        .target(name: "NetworkKernelAVX512", swiftSettings: kernelSettings("x86-64-v4")),
        .target(name: "CProcessor"),
        .target(
            name: "Forecast",
            dependencies: [
                "CLibcrypto", "CProcessor", "NetworkKernel", "NetworkKernelAVX2", "NetworkKernelAVX512",
            ]
        ),
        .target(name: "Ingest", dependencies: ["CZlib", "Forecast", "Postgres"]),
        // Charts as SVG.
        .target(name: "Plot"),
        .executableTarget(
            name: "Daemon",
            dependencies: [
                "CLinux", "CSystemd", "Forecast", "Ingest", "Plot", "Postgres",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "Yams", package: "Yams"),
            ],
            plugins: ["EmbedResourcesPlugin"]
        ),
        // The pages and the metrics, a program of its own: the daemon links none of it.
        .executableTarget(
            name: "Web",
            dependencies: [
                "CLinux", "CSystemd", "CZlib", "Plot", "Postgres",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        // Our side of Benchmarks/kernel.
        .executableTarget(
            name: "KernelBenchmark", dependencies: ["Forecast", "Ingest"], path: "Benchmarks/kernel",
            exclude: ["kernel.py", "reference.c", "run"]),
        // Counts what the rule of promotion lets through.
        .executableTarget(
            name: "PromotionTrials", dependencies: ["Forecast", "Ingest"], path: "Benchmarks/promotion"),
        // Writes what the peers of `world` learn from and are scored on.
        .executableTarget(
            name: "WorldWindows", dependencies: ["Forecast", "Ingest"], path: "Benchmarks/world",
            exclude: ["finetune", "finetune.py", "pooled.py", "run", "univariate.py", "windows.py"]),
        // Puts schema/*/*.sql and models/*.json into the binary, so that an installed `hazecast` needs no other file.
        .executableTarget(name: "EmbedResources"),
        // Writes the package's manual page from what the program says of itself.
        .executableTarget(name: "ManualPage"),
        .plugin(name: "EmbedResourcesPlugin", capability: .buildTool(), dependencies: ["EmbedResources"]),

        .target(
            name: "TestSupport",
            dependencies: ["Postgres"],
            path: "Tests/TestSupport"
        ),
        // Breaks everything around the built daemon, and then compares its ledger with an undisturbed run's.
        .executableTarget(
            name: "Faults",
            dependencies: [
                "Forecast", "Ingest", "Postgres", "TestSupport",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Faults"),
        // What parses bytes from outside, for libFuzzer; the tests replay its finds.
        .target(
            name: "FuzzTargets",
            dependencies: [
                "CLinux", "CSystemd", "Daemon", "Forecast", "Ingest", "Postgres", "TestSupport",
                .product(name: "Configuration", package: "swift-configuration"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
                .product(name: "Yams", package: "Yams"),
            ],
            path: "Tests/Fuzz/Targets"),
        .testTarget(name: "FuzzTests", dependencies: ["FuzzTargets", "TestSupport"]),
        .testTarget(name: "PostgresTests", dependencies: ["Postgres", "TestSupport"]),
        .testTarget(
            name: "ForecastTests", dependencies: ["Forecast", "Ingest", "TestSupport"],
            exclude: ["Formats", "Reference"]),
        .testTarget(name: "IngestTests", dependencies: ["Ingest", "TestSupport"]),
        .testTarget(name: "WebTests", dependencies: ["Postgres", "TestSupport", "Web"]),
        .testTarget(name: "DaemonTests", dependencies: ["Daemon", "Plot", "TestSupport"], exclude: ["Golden"]),
    ],
    swiftLanguageModes: [.v6]
)

// Tests/Fuzz/run says where libFuzzer is. It counts which branches of ours an input takes.
if let libFuzzer = Context.environment["HAZECAST_LIBFUZZER"] {
    package.targets += [
        .systemLibrary(name: "CLibFuzzer", path: "Tests/Fuzz/CLibFuzzer"),
        .executableTarget(
            name: "Fuzz", dependencies: ["CLibFuzzer", "FuzzTargets"], path: "Tests/Fuzz/Driver",
            linkerSettings: [.unsafeFlags([libFuzzer, "-lstdc++"])]),
    ]
    for target in package.targets where ["FuzzTargets", "Forecast", "Ingest", "Postgres"].contains(target.name) {
        target.swiftSettings = [.unsafeFlags(["-sanitize=fuzzer"])]
    }
}

for target in package.targets where target.type != .system && target.type != .plugin {
    target.swiftSettings =
        (target.swiftSettings ?? []) + [
            .enableUpcomingFeature("ExistentialAny"),
            .enableUpcomingFeature("InternalImportsByDefault"),
            .enableUpcomingFeature("MemberImportVisibility"),
            .treatAllWarnings(as: .error),
        ]
}
