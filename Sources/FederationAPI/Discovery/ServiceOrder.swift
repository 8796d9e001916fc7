import HTTPAPI
import Telemetry

/// The order in which to try SRV records: by priority, and among equals at random in proportion to their weights.
///
/// - Spec: https://www.rfc-editor.org/rfc/rfc2782
enum ServiceOrder {
    static func arrange(_ records: [ServiceRecord], random: any RandomSource) -> [ServiceRecord] {
        var arranged: [ServiceRecord] = []
        for priority in Set(records.map(\.priority)).sorted() {
            var rest = records.filter { $0.priority == priority }
            while !rest.isEmpty {
                // Weights of zero are as likely as a very small one.
                let total = rest.reduce(UInt64(0)) { $0 + UInt64($1.weight) * 100 + 1 }
                var point = random.number(below: total)
                let index = rest.firstIndex { record in
                    let share = UInt64(record.weight) * 100 + 1
                    if point < share { return true }
                    point -= share
                    return false
                }
                arranged.append(rest.remove(at: index ?? 0))
            }
        }
        return arranged
    }
}
