import Accounts
import HTTPAPI

extension AuthOperation {
    /// An operation of the caller's that needs authentication.
    init(_ route: Route, targets: [String] = [], by caller: LocalUser) {
        self.init(
            route.operation, targets: targets,
            by: LocalIdentity(userID: caller.userID, userNID: caller.userNID, deviceID: caller.deviceID))
    }
}
