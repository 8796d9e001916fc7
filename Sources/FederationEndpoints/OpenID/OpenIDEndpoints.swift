package import Accounts
package import HTTPAPI

/// The endpoints about tokens that prove who somebody is.
package enum OpenIDEndpoints {
    package static let all: [any Endpoint<OpenIDTokens>.Type] = [ExchangeOpenIDToken.self]
}
