/// What may go wrong in following the log.
package enum ClusterError: Error, Hashable {
    /// This worker could not get as far as others are, in time. A retry may help.
    case feedIsBehind
}
