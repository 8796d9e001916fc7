import COpenSSL

extension SHA256 {
    /// The hash of bytes that come in pieces.
    package struct Stream: ~Copyable {
        private let context: OpaquePointer
        private var isGood: Bool

        /// - Throws: `outOfResources`.
        package init() throws(CryptographyError) {
            guard let context = EVP_MD_CTX_new() else { throw .outOfResources }
            self.context = context
            isGood = EVP_DigestInit_ex2(context, SHA256.algorithm.pointer, nil) == 1
        }

        deinit { EVP_MD_CTX_free(context) }

        package mutating func update(_ bytes: UnsafeRawBufferPointer) {
            if EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) != 1 { isGood = false }
        }

        /// The hash of all that came; to be called once.
        ///
        /// - Throws: `outOfResources` when libcrypto failed anywhere on the way.
        package mutating func finish() throws(CryptographyError) -> [UInt8] {
            var output = [UInt8](repeating: 0, count: SHA256.byteCount)
            var length: UInt32 = 0
            let isDone = EVP_DigestFinal_ex(context, &output, &length) == 1
            guard isGood, isDone, length == UInt32(SHA256.byteCount) else { throw .outOfResources }
            isGood = false
            return output
        }
    }
}
