package import HTTPAPI
package import MatrixCore

/// A room alias in the path.
package struct AliasRequest: RequestDecodable {
    let alias: RoomAlias

    package init(from input: borrowing RequestInput) throws(MatrixError) {
        alias = try input.path("roomAlias", { RoomAlias($0) })
    }
}
