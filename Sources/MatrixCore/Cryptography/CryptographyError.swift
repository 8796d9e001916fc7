/// What can go wrong in a C library for reasons that no argument of ours has.
package enum CryptographyError: Error, Hashable, Sendable {
    /// Not enough memory (hashing a password takes much), or libcrypto was built without the algorithm.
    case outOfResources
}
