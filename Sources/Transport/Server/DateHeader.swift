import Synchronization
import Telemetry

/// The `Date` of answers, made once a second.
///
/// - Spec: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
final class DateHeader: Sendable {
    private let clock: any Clock
    private let cached = Mutex<(second: Int64, text: String)>((.min, ""))

    init(clock: any Clock) { self.clock = clock }

    var text: String {
        let second = clock.nowMilliseconds / 1000
        return cached.withLock { cached in
            if cached.second != second { cached = (second, Self.render(second)) }
            return cached.text
        }
    }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    static func render(_ second: Int64) -> String {
        let time = CivilTime(milliseconds: second * 1000)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return
            "\(weekdays[time.weekday]), \(two(time.day)) \(months[time.month - 1]) \(time.year) \(two(time.hour)):\(two(time.minute)):\(two(time.second)) GMT"
    }
}
