extension ServerConfiguration {
    /// An address where clients and servers reach this server.
    package struct Listener: ConfigurationSection, Equatable {
        /// What is answered there.
        package enum API: String, Sendable, CaseIterable {
            case client
            case federation
            case media
        }

        package struct TLS: ConfigurationSection, Equatable {
            /// The chain in PEM, the server's own certificate first.
            package let certificatePath: String
            package let keyPath: String

            static let documentation = [certificate.documentation, key.documentation]

            private static let certificate = Key(
                "certificate", .path, example: "tls.crt", "The certificate and its chain, PEM, the server's own first.")
            private static let key = Key("key", .path, example: "tls.key", "The private key of the certificate, PEM.")

            init?(from reader: SectionReader) {
                guard let (certificate, key) = reader.values(Self.certificate, Self.key) else { return nil }
                (certificatePath, keyPath) = (certificate, key)
            }
        }

        package let address: ListenAddress
        package let serves: Set<API>
        /// `nil`: HTTP without encryption, for a load balancer on the same machine or network.
        package let tls: TLS?

        static let documentation = [addressKey.documentation, servesKey.documentation, tlsKey.documentation]

        private static let addressKey = Key<ListenAddress>(
            "address", .address, example: #""127.0.0.1:8008""#, "Host and port. 0.0.0.0 and [::] mean every interface.")
        private static let servesKey = Key<[API]>(
            "serves", .list(of: .word, limit: API.allCases.count), default: API.allCases,
            "What is answered here. Left out: everything.")
        private static let tlsKey = Key<TLS?>("tls", .optionalSection(), "Left out: plain HTTP.")

        /// Where everything is answered when the file names no listener.
        static let standard = Listener(address: ListenAddress(host: "127.0.0.1", port: 8008))

        private init(address: ListenAddress) {
            self.address = address
            serves = Set(API.allCases)
            tls = nil
        }

        init?(from reader: SectionReader) {
            guard let (address, serves, tls) = reader.values(Self.addressKey, Self.servesKey, Self.tlsKey) else {
                return nil
            }
            guard !serves.isEmpty else {
                reader.refuse("serves", "is empty: leave the listener out, or the key for everything")
                return nil
            }
            (self.address, self.serves, self.tls) = (address, Set(serves), tls)
        }
    }
}
