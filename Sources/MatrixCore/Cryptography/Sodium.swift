import CSodium

/// Says that libsodium has chosen its implementations for this processor, which it must do before its first use.
enum Sodium {
    /// Computed once, by whoever comes first. Calling `sodium_init` again would be harmless but takes a lock.
    private static let isInitialised = sodium_init() >= 0

    /// What follows works without, only slower; so the answer does not matter, the call does.
    static func prepare() { _ = isInitialised }
}
