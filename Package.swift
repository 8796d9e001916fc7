// swift-tools-version: 6.2
import Foundation
import PackageDescription

// Every module of Apus in one table, bottom layer first. A module may only depend on modules above it in the
// table, so imports point down by construction; `Tests/RepositoryTests` checks the imports themselves.
//
// `APUS_ONLY=MatrixCore,Postgres swift test` builds and tests just these modules and what they rest on.

struct Module {
    enum Kind { case cSystem(pkgConfig: String), c, library, executable }
    var name: String
    var kind: Kind = .library
    var uses: [String] = []
    var products: [Target.Dependency] = []
    var tested = true
    var testUses: [String] = []
    var path: String?
    /// C libraries that have no pkg-config file.
    var linked: [String] = []
    /// Optimised in debug builds too: tests compute with it for minutes. Its checks of bounds and overflow stay.
    var isOptimized = false
}

let nio = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioFoundation = Target.Dependency.product(name: "NIOFoundationCompat", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioTLS = Target.Dependency.product(name: "NIOTLS", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let httpTypes = Target.Dependency.product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird = Target.Dependency.product(name: "HummingbirdCore", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let asyncHTTPClient = Target.Dependency.product(name: "AsyncHTTPClient", package: "async-http-client")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let deque = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let ordered = Target.Dependency.product(name: "OrderedCollections", package: "swift-collections")

let services = [
    "Accounts", "Rooms", "Ephemeral", "Encryption", "DeviceMessages", "Directory", "Search", "Sync", "Media", "Push",
    "Federation",
]
let endpoints = ["ClientEndpoints", "FederationEndpoints", "MediaEndpoints", "AdminEndpoints"]

let modules: [Module] = [
    Module(name: "CPostgres", kind: .cSystem(pkgConfig: "libpq"), tested: false),
    Module(name: "CHiredis", kind: .cSystem(pkgConfig: "hiredis"), tested: false),
    Module(name: "CSodium", kind: .cSystem(pkgConfig: "libsodium"), tested: false),
    Module(name: "COpenSSL", kind: .cSystem(pkgConfig: "libcrypto"), tested: false),
    Module(name: "CVipsSystem", kind: .cSystem(pkgConfig: "vips"), tested: false),
    Module(name: "CVips", kind: .c, uses: ["CVipsSystem"], tested: false),
    Module(name: "CLinux", kind: .c, tested: false, linked: ["resolv"]),
    Module(name: "CSchema", kind: .c, tested: false),

    Module(name: "MatrixCore", uses: ["CSodium", "COpenSSL"], testUses: ["CoreWorkloads"], isOptimized: true),
    Module(name: "Telemetry", uses: ["CLinux"], products: [logging]),
    Module(name: "ServerConfiguration", uses: ["MatrixCore"], products: [yams]),

    Module(name: "Reactor", uses: ["CLinux"]),
    Module(
        name: "Postgres", uses: ["CPostgres", "CLinux", "Reactor"], products: [logging, deque],
        testUses: ["ApusTesting"]),
    Module(name: "Redis", uses: ["CHiredis", "Reactor"], products: [logging, deque], testUses: ["ApusTesting"]),
    Module(name: "HTTPAPI", uses: ["MatrixCore", "Telemetry"], products: [nio, httpTypes, logging]),
    Module(
        name: "Transport", uses: ["HTTPAPI", "Telemetry", "MatrixCore", "CLinux"],
        products: [
            hummingbird, hummingbirdTLS, nio, nioPosix, nioHTTP1, nioTLS, nioSSL, httpTypes, logging, lifecycle,
            deque,
        ]),
    Module(name: "FederationAPI", uses: ["HTTPAPI", "Telemetry", "MatrixCore"], products: [nio, httpTypes]),

    Module(
        name: "Storage", uses: ["CSchema", "MatrixCore", "Postgres", "Telemetry"], products: [logging],
        testUses: ["ApusTesting"]),
    Module(
        name: "Cluster", uses: ["Storage", "MatrixCore", "Postgres", "Redis", "Telemetry"], products: [logging, deque],
        testUses: ["ApusTesting"]),
    Module(
        name: "Accounts", uses: ["Cluster", "Storage", "HTTPAPI", "MatrixCore", "Telemetry"],
        products: [logging, nioPosix], testUses: ["ApusTesting", "RoomsTesting"]),
    Module(
        name: "Rooms", uses: ["Cluster", "Storage", "MatrixCore", "Telemetry"], products: [logging, deque],
        testUses: ["ApusTesting", "RoomsTesting"]),
    Module(
        name: "Ephemeral", uses: ["Rooms", "Cluster", "Storage", "MatrixCore", "Telemetry"], products: [logging],
        testUses: ["ApusTesting", "RoomsTesting"]),
    Module(
        name: "Encryption", uses: ["Rooms", "Cluster", "Storage", "MatrixCore", "Telemetry"], products: [logging],
        testUses: ["ApusTesting", "RoomsTesting"]),
    Module(
        name: "DeviceMessages", uses: ["Rooms", "Cluster", "Storage", "MatrixCore", "Telemetry"], products: [logging],
        testUses: ["ApusTesting", "RoomsTesting"]),
    Module(
        name: "Directory", uses: ["Rooms", "Cluster", "Storage", "HTTPAPI", "MatrixCore", "Telemetry"],
        products: [logging],
        testUses: ["ApusTesting", "RoomsTesting"]),
    Module(
        name: "Search", uses: ["Rooms", "Cluster", "Storage", "MatrixCore", "Telemetry"], products: [logging],
        testUses: ["ApusTesting", "RoomsTesting"]),
    Module(
        name: "Push", uses: ["Rooms", "Cluster", "Storage", "MatrixCore", "HTTPAPI", "Telemetry"],
        products: [logging, nio, httpTypes], testUses: ["ApusTesting", "Transport", "RoomsTesting"]),
    Module(
        name: "Sync",
        uses: [
            "Rooms", "Ephemeral", "Encryption", "DeviceMessages", "Cluster", "Storage", "MatrixCore", "Telemetry",
        ],
        products: [logging, deque], testUses: ["ApusTesting", "RoomsTesting", "Push"]),
    Module(
        name: "Media", uses: ["Cluster", "Storage", "MatrixCore", "HTTPAPI", "Telemetry", "CVips", "CLinux"],
        products: [logging, nio, nioPosix, httpTypes], testUses: ["ApusTesting"]),
    Module(
        name: "Federation",
        uses: [
            "Accounts", "Rooms", "Ephemeral", "Encryption", "DeviceMessages", "Directory", "Cluster", "Storage",
            "FederationAPI", "HTTPAPI", "MatrixCore", "Telemetry",
        ],
        products: [logging, nio, httpTypes, deque], testUses: ["ApusTesting", "RoomsTesting", "Transport"]),

    Module(
        name: "ClientEndpoints", uses: services + ["HTTPAPI", "MatrixCore", "Telemetry"],
        products: [nio, httpTypes, logging], testUses: ["ApusTesting", "RoomsTesting", "EndpointsTesting"]),
    Module(
        name: "FederationEndpoints", uses: services + ["FederationAPI", "HTTPAPI", "MatrixCore", "Telemetry"],
        products: [nio, httpTypes, logging], testUses: ["ApusTesting", "Worker", "RoomsTesting", "EndpointsTesting"]),
    Module(
        name: "MediaEndpoints", uses: ["Media", "HTTPAPI", "MatrixCore", "Telemetry"],
        products: [nio, httpTypes, logging], testUses: ["ApusTesting", "EndpointsTesting"]),
    Module(
        name: "AdminEndpoints", uses: ["Accounts", "Rooms", "HTTPAPI", "MatrixCore", "Telemetry"],
        products: [nio, httpTypes, logging], testUses: ["ApusTesting", "RoomsTesting", "EndpointsTesting"]),

    Module(
        name: "Worker",
        uses: services + endpoints + [
            "Cluster", "Storage", "Postgres", "Redis", "Reactor", "Transport", "HTTPAPI", "FederationAPI",
            "ServerConfiguration",
            "MatrixCore", "Telemetry",
        ],
        products: [logging, arguments, lifecycle, nio, httpTypes], testUses: ["ApusTesting", "EndpointsTesting"]),
    Module(name: "apus-client-api", kind: .executable, uses: ["ServerConfiguration", "Worker"], tested: false),
    Module(name: "apus-federation-reader", kind: .executable, uses: ["ServerConfiguration", "Worker"], tested: false),
    Module(name: "apus-federation-sender", kind: .executable, uses: ["ServerConfiguration", "Worker"], tested: false),
    Module(name: "apus-media", kind: .executable, uses: ["ServerConfiguration", "Worker"], tested: false),
    Module(name: "apus-push", kind: .executable, uses: ["ServerConfiguration", "Worker"], tested: false),
    Module(name: "apus", kind: .executable, uses: ["ServerConfiguration", "Worker"], tested: false),

    Module(
        name: "ApusTesting",
        uses: ["Storage", "Postgres", "Telemetry", "MatrixCore", "Reactor", "CPostgres", "CLinux"], tested: false),
    Module(
        name: "RoomsTesting",
        uses: [
            "ApusTesting", "Encryption", "Ephemeral", "Rooms", "Cluster", "Storage", "Postgres", "MatrixCore",
            "Telemetry",
        ], tested: false),
    Module(
        name: "EndpointsTesting", uses: ["Storage", "HTTPAPI", "MatrixCore"], products: [nio, httpTypes], tested: false),
    Module(
        name: "apus-load", kind: .executable, uses: ["COpenSSL"],
        products: [nio, nioPosix, nioHTTP1, arguments], tested: false, path: "Benchmarks/Load"),
    Module(
        name: "apus-verdicts", kind: .executable, uses: ["MatrixCore"], tested: false,
        path: "Tests/Differential/Verdicts"),
    Module(name: "CAllocations", kind: .c, tested: false, path: "Benchmarks/CAllocations"),
    Module(
        name: "CoreWorkloads", uses: ["CAllocations", "MatrixCore"], tested: false, path: "Benchmarks/CoreWorkloads"),
    Module(
        name: "apus-core-benchmark", kind: .executable, uses: ["CoreWorkloads", "MatrixCore", "CSodium"],
        tested: false, path: "Benchmarks/Core"),
]

// Tests that belong to no module: of the repository itself, of the real executables, and of simulated federations.
let freeTests: [(name: String, uses: [String])] = [
    ("RepositoryTests", []),
    ("ConformanceTests", endpoints + ["HTTPAPI"]),
    ("SimulationTests", ["MatrixCore"]),
]

let only = (ProcessInfo.processInfo.environment["APUS_ONLY"] ?? "").split(separator: ",").map(String.init)
let byName = Dictionary(uniqueKeysWithValues: modules.map { ($0.name, $0) })

func closure(_ names: [String]) -> Set<String> {
    var found: Set<String> = []
    var open = names
    while let name = open.popLast() {
        if found.insert(name).inserted { open += byName[name]?.uses ?? [] }
    }
    return found
}

let usesOfTests = only.flatMap { name in byName[name]?.testUses ?? freeTests.first { $0.name == name }?.uses ?? [] }
let wanted: Set<String> = only.isEmpty ? Set(modules.map(\.name)) : closure(only + usesOfTests)
let wantedTests: Set<String> = only.isEmpty ? Set(modules.map(\.name) + freeTests.map(\.name)) : Set(only)

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableExperimentalFeature("Lifetimes"),
]
let optimized = SwiftSetting.unsafeFlags(["-O"], .when(configuration: .debug))
let cSettings: [CSetting] = [.unsafeFlags(["-std=c23", "-D_GNU_SOURCE", "-Wall", "-Werror"])]

func target(_ module: Module) -> Target {
    let dependencies = module.uses.map { Target.Dependency(stringLiteral: $0) } + module.products
    let path = module.path ?? "Sources/\(module.name)"
    return switch module.kind {
    case .cSystem(let pkgConfig): .systemLibrary(name: module.name, path: path, pkgConfig: pkgConfig)
    case .c:
        .target(
            name: module.name, dependencies: dependencies, path: path, cSettings: cSettings,
            linkerSettings: module.linked.map { .linkedLibrary($0) })
    case .library:
        .target(
            name: module.name, dependencies: dependencies, path: path,
            swiftSettings: settings + (module.isOptimized ? [optimized] : []))
    case .executable:
        .executableTarget(name: module.name, dependencies: dependencies, path: path, swiftSettings: settings)
    }
}

func testTarget(_ module: Module) -> Target {
    .testTarget(
        name: "\(module.name)Tests",
        dependencies: (closure([module.name] + module.testUses)).sorted().filter { byName[$0]!.isSwift }
            .map { Target.Dependency(stringLiteral: $0) } + module.products,
        path: "Tests/\(module.name)Tests", exclude: fixtures("Tests/\(module.name)Tests"), swiftSettings: settings)
}

/// Folders of vectors and corpora, which tests read from the source tree.
func fixtures(_ path: String) -> [String] {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
    return FileManager.default.fileExists(atPath: "\(root)/\(path)/Fixtures") ? ["Fixtures"] : []
}

extension Module {
    var isSwift: Bool {
        switch kind {
        case .library: true
        case .c, .cSystem, .executable: false
        }
    }
}

let package = Package(
    name: "Apus",
    dependencies: [
        .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/swift-server/async-http-client", exact: "1.37.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
        .package(url: "https://github.com/apple/swift-collections", exact: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
    ],
    targets: modules.filter { wanted.contains($0.name) }.map(target)
        + modules.filter { $0.tested && wantedTests.contains($0.name) }.map(testTarget)
        + freeTests.filter { wantedTests.contains($0.name) }.map { test in
            .testTarget(
                name: test.name,
                dependencies: closure(test.uses).sorted().filter { byName[$0]!.isSwift }
                    .map { Target.Dependency(stringLiteral: $0) },
                path: "Tests/\(test.name)", exclude: fixtures("Tests/\(test.name)"), swiftSettings: settings)
        }
)
