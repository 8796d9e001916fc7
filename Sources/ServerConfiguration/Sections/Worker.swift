/// What a worker process does.
package enum WorkerRole: String, Sendable, CaseIterable {
    case clientAPI = "client-api"
    case federationReader = "federation-reader"
    case federationSender = "federation-sender"
    case media
    case push
}

extension ServerConfiguration {
    /// A worker process: one of the separate executables, started with `--worker` and its name.
    package struct Worker: ConfigurationSection, Equatable {
        /// What `--worker` and the logs call it.
        package let name: String
        package let role: WorkerRole
        /// Where it listens; senders and pushers too, for their `/health` and `/ready`.
        package let address: ListenAddress
        /// Where `/metrics` of this worker is served, since workers of one machine cannot share one address.
        package let metricsAddress: ListenAddress?

        static let documentation = [roleKey.documentation, addressKey.documentation, metricsKey.documentation]

        private static let roleKey = Key<WorkerRole>(
            "role", .word, example: "client-api", "What it does; each role has its own executable.")
        private static let addressKey = Key<ListenAddress>(
            "address", .address, example: #""127.0.0.1:8101""#,
            "Where it listens, and where the load balancer finds it. Every role answers /health and /ready there.")
        private static let metricsKey = Key<ListenAddress?>(
            "metrics_address", .optional(.address), default: .some(nil),
            "Where this worker serves GET /metrics (Prometheus text).")

        init?(from reader: SectionReader) {
            guard let (role, address, metrics) = reader.values(Self.roleKey, Self.addressKey, Self.metricsKey)
            else { return nil }
            (name, self.role, self.address, metricsAddress) = ("", role, address, metrics)
        }

        private init(_ worker: Worker, name: String) {
            self.name = name
            role = worker.role
            address = worker.address
            metricsAddress = worker.metricsAddress
        }

        static let nameLengthLimit = 63
        static let countLimit = 10_000

        /// The table of workers, names to entries, in the order of the file.
        static let table: ValueType<[Worker]> = ValueType(
            allowed: "a table of names, each with a role and an address", read: readTable,
            write: { $0.isEmpty ? "{}" : nil }, shape: .entries, children: documentation)

        @Sendable
        private static func readTable(_ place: Place) -> [Worker]? {
            guard let entries = place.entries() else { return nil }
            guard entries.count <= countLimit else {
                place.refuse("more than \(countLimit) workers")
                return nil
            }
            let workers = entries.compactMap { name, place -> Worker? in
                let worker = ValueType<Worker>.section.read(place)
                guard isName(name) else {
                    place.refuse(
                        """
                        a worker's name is at most \(nameLengthLimit) letters, digits, '-', '_' and '.', and starts with \
                        a letter or a digit
                        """)
                    return nil
                }
                return worker.map { Worker($0, name: name) }
            }
            return workers.count == entries.count ? workers : nil
        }

        /// Names stand in HAProxy configurations, unit names and logs: no spaces, no quotes.
        private static func isName(_ text: String) -> Bool {
            guard let first = text.utf8.first, text.utf8.count <= nameLengthLimit else { return false }
            let isAlphanumeric = { (byte: UInt8) in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: false
                }
            }
            return isAlphanumeric(first) && text.utf8.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
        }
    }
}
