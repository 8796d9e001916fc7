package import Accounts
package import HTTPAPI
package import MatrixCore

/// An endpoint by which an administrator says something of an account that holds or does not.
package protocol AccountFlagSetter: Endpoint
where
    Caller == Administrator, Request == AccountFlagSetting<Self>, Response == JSONValue, Services == AccountServices
{
    /// The flag's name in the body and in the answer.
    static var flag: String { get }

    static func set(_ isSet: Bool, for user: UserID, with services: AccountServices) async throws
}

/// The user whose account it is, and whether the flag is to be set.
package struct AccountFlagSetting<Setter: AccountFlagSetter>: RequestDecodable {
    let target: ModeratedUser
    let isSet: Bool

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        target = try ModeratedUser(from: input)
        isSet = try input.body(Setter.flag)
    }
}

extension AccountFlagSetter {
    package static func handle(
        _ request: Request, from caller: Administrator, with services: AccountServices
    ) async throws -> JSONValue {
        try await set(request.isSet, for: request.target.userID, with: services)
        return .object([flag: .bool(request.isSet)])
    }
}
