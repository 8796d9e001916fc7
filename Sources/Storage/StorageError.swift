/// What the database holds is not what we wrote: a defect, never the caller's fault.
package enum StorageError: Error {
    /// A row that must exist does not.
    case missing(StaticString)
    /// A column holds what its writer cannot have written.
    case corrupt(StaticString)
}
