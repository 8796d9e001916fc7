/// A value that lives on a reactor's thread, held by something that lives anywhere.
///
/// Only who has the loop, and so is on its thread, can take the value out: hence the box may cross threads although
/// its content may not.
package struct LoopBound<Value>: @unchecked Sendable {
    private let value: Value

    package init(_ value: sending Value) { self.value = value }

    /// Inside of the thread, for a value that is already bound to it.
    package init(_ value: Value, on loop: ReactorLoop) { self.value = value }

    package func value(on loop: ReactorLoop) -> Value { value }
}
