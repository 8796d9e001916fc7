package import Encryption
package import HTTPAPI

/// The endpoints about backups of room keys.
package enum KeyBackupEndpoints {
    package static let all: [any Endpoint<KeyBackups>.Type] = [
        PostRoomKeysVersion.self, GetRoomKeysVersionCurrent.self, GetRoomKeysVersion.self, PutRoomKeysVersion.self,
        DeleteRoomKeysVersion.self,
        PutRoomKeys.self, GetRoomKeys.self, DeleteRoomKeys.self,
        PutRoomKeysByRoomID.self, GetRoomKeysByRoomID.self, DeleteRoomKeysByRoomID.self,
        PutRoomKeyBySessionID.self, GetRoomKeyBySessionID.self, DeleteRoomKeyBySessionID.self,
    ]
}
