package import HTTPAPI
package import Search

/// What the endpoints of the searches work with.
package struct SearchServices: Sendable {
    let messages: MessageSearch
    let users: UserDirectory

    package init(messages: MessageSearch, users: UserDirectory) {
        self.messages = messages
        self.users = users
    }
}

/// The endpoints that search messages and people.
package enum SearchEndpoints {
    package static let all: [any Endpoint<SearchServices>.Type] = [SearchMessages.self, SearchUserDirectory.self]
}
