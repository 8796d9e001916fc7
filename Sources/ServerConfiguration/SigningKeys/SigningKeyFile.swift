import Glibc
import MatrixCore

/// Why the file of the signing key cannot be used.
package struct SigningKeyFileError: Error, Equatable, Sendable, CustomStringConvertible {
    package let path: String
    package let reason: String

    package var description: String { "signing key \(path): \(reason)" }
}

/// The file that holds a server's signing keys, for its owner's eyes only (mode 0600).
///
/// It is never seen half-written: what is new is written beside it and then takes its name.
package struct SigningKeyFile: Sendable {
    package let path: String

    package init(path: String) {
        self.path = path
    }

    /// The keys, or `nil` when there is no such file.
    package func load() throws(SigningKeyFileError) -> SigningKeyRing? {
        if access(path, F_OK) != 0, errno == ENOENT { return nil }
        let bytes: [UInt8]
        do throws(FileProblem) {
            bytes = try BoundedFile.read(path)
        } catch {
            throw failure(error.message)
        }
        guard let text = String(validating: bytes, as: UTF8.self), let ring = SigningKeyRing(file: text) else {
            throw failure("it does not hold a signing key (ed25519 <version> <unpadded base64>)")
        }
        return ring
    }

    /// The keys; when there is no such file it is made, with its folder, and holds a key of this version and seed.
    ///
    /// Several processes may do so at once: all of them return what the first has written.
    package func loadOrCreate(version: String, seed: [UInt8]) throws(SigningKeyFileError) -> SigningKeyRing {
        if let ring = try load() { return ring }
        try makeFolder()
        let ring = SigningKeyRing(current: try key(version, seed))
        let draft = try writeDraft(ring)
        defer { unlink(draft) }
        // Unlike rename(), link() fails when the name is taken.
        guard link(draft, path) == 0 else {
            guard errno == EEXIST, let other = try load() else { throw failure(systemMessage("cannot make it")) }
            return other
        }
        return ring
    }

    /// Puts a new key of this version and seed in place of the one that signs, which stays as an expired one.
    package func rotate(
        version: String, seed: [UInt8], atMilliseconds now: Int64
    ) throws(SigningKeyFileError) -> SigningKeyRing {
        guard let old = try load() else { throw failure("there is no such file") }
        guard let new = old.rotated(to: try key(version, seed), atMilliseconds: now) else {
            throw failure("a key named \(version) signed before; take another name")
        }
        let draft = try writeDraft(new)
        guard rename(draft, path) == 0 else {
            let error = failure(systemMessage("cannot replace it"))
            unlink(draft)
            throw error
        }
        return new
    }

    private func key(_ version: String, _ seed: [UInt8]) throws(SigningKeyFileError) -> SigningKey {
        guard let key = SigningKey(version: version, seed: seed) else {
            throw failure(
                "\(version) is no version of a key, or its seed has not \(Ed25519PrivateKey.seedByteCount) bytes")
        }
        return key
    }

    /// Writes the keys into a new file beside the right one and returns its path.
    private func writeDraft(_ ring: SigningKeyRing) throws(SigningKeyFileError) -> String {
        var template = Array("\(path).XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw failure(systemMessage("cannot write beside it")) }
        defer { close(descriptor) }
        let draft = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // mkstemp() makes it 0600 already; a key must not depend on how a C library reads its manual.
        guard fchmod(descriptor, S_IRUSR | S_IWUSR) == 0, writeAll(Array(ring.fileText.utf8), to: descriptor),
            fsync(descriptor) == 0
        else {
            let error = failure(systemMessage("cannot write beside it"))
            unlink(draft)
            throw error
        }
        return draft
    }

    private func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Makes the folders above the file, from the top, where they are missing.
    private func makeFolder() throws(SigningKeyFileError) {
        for slash in path.indices where path[slash] == "/" && slash != path.startIndex {
            let folder = String(path[..<slash])
            guard mkdir(folder, S_IRWXU | S_IRGRP | S_IXGRP) == 0 || errno == EEXIST else {
                throw failure(systemMessage("cannot make the folder \(folder)"))
            }
        }
    }

    private func failure(_ reason: String) -> SigningKeyFileError {
        SigningKeyFileError(path: path, reason: reason)
    }

    private func systemMessage(_ step: String) -> String {
        "\(step): \(String(cString: strerror(errno)))"
    }
}
