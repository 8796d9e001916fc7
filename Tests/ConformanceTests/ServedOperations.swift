import AdminEndpoints
import ClientEndpoints
import FederationEndpoints
import HTTPAPI
import MediaEndpoints

/// What the workers of all roles serve together, out of the lists that the endpoint modules keep.
struct ServedOperations {
    struct Operation {
        let route: Route
        let caller: CallerKind
        /// The first is the one that the specification names.
        let places: [Specification.Place]
    }

    let operations: [Operation]

    init() {
        operations =
            Self.of(SpaceEndpoints.all) + Self.of(UpgradeEndpoints.all) + Self.of(ReportEndpoints.all)
            + Self.of(ReportAdminEndpoints.all)
            + Self.of(AccountEndpoints.all) + Self.of(AdminEndpoints.all) + Self.of(DirectoryEndpoints.all)
            + Self.of(DiscoveryEndpoints.all) + Self.of(MediaEndpoints.all) + Self.of(RoomEndpoints.all)
            + Self.of(FederatedMembershipEndpoints.all) + Self.of(RoomHistoryEndpoints.all)
            + Self.of(SendToDeviceEndpoints.all) + Self.of(PresenceEndpoints.all) + Self.of(SearchEndpoints.all)
            + Self.of(SyncEndpoints.all) + Self.of(EventStreamEndpoints.all) + Self.of(PushEndpoints.all)
            + Self.of(KeyEndpoints.all) + Self.of(KeyBackupEndpoints.all) + Self.of(CredentialEndpoints.all)
            + Self.of(OpenIDEndpoints.all) + Self.of(DehydratedDeviceEndpoints.all) + Self.of(DeviceListEndpoints.all)
            + Self.of(EncryptionEndpoints.all) + Self.of(FederatedKeyEndpoints.all)
            + Self.of(QueryEndpoints.all) + Self.of(TransactionEndpoints.all)
    }

    private static func of<Services>(_ endpoints: [any Endpoint<Services>.Type]) -> [Operation] {
        func operation<Served: Endpoint>(_ endpoint: Served.Type) -> Operation {
            let route = endpoint.route
            let places = route.paths.map { Specification.Place(method: route.method.rawValue, path: $0.description) }
            return Operation(route: route, caller: Served.Caller.kind, places: places)
        }
        return endpoints.map { operation($0) }
    }
}
