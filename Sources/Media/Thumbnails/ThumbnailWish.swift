/// The thumbnail that a client asks for.
package struct ThumbnailWish: Hashable, Sendable {
    package enum Method: String, Sendable, Hashable {
        /// In the aspect ratio of the wish: what is beyond it is cut off.
        case crop
        /// In the aspect ratio of the picture, no larger than the wish in either direction.
        case scale
    }

    package let width: Int
    package let height: Int
    package let method: Method
    package let isAnimated: Bool

    package init(width: Int, height: Int, method: Method, isAnimated: Bool) {
        self.width = width
        self.height = height
        self.method = method
        self.isAnimated = isAnimated
    }

    /// What is made for it.
    var size: ThumbnailSize { ThumbnailSize(for: self) }
}

/// The thumbnails that are made. There are few, so that nobody can fill the disk or the processors by asking for every size.
struct ThumbnailSize: Hashable, Sendable {
    struct Box: Hashable, Sendable {
        let width: Int
        let height: Int
        var area: Int { width * height }

        func covers(_ wish: ThumbnailWish) -> Bool { width >= wish.width && height >= wish.height }
    }

    /// - Spec: https://spec.matrix.org/v1.19/client-server-api/#thumbnails
    private static let scaled = [
        Box(width: 320, height: 240), Box(width: 640, height: 480), Box(width: 800, height: 600),
        Box(width: 1600, height: 1200),
    ]
    /// Squares are for avatars.
    private static let cropped =
        [Box(width: 32, height: 32), Box(width: 96, height: 96), Box(width: 256, height: 256)]
        + [Box(width: 512, height: 512)] + scaled

    let box: Box
    let method: ThumbnailWish.Method
    let isAnimated: Bool

    /// The smallest that is as large as wished; of those to crop, first the closest in shape. A wish beyond all of them gets
    /// the largest: who wants more asks for the file itself.
    init(for wish: ThumbnailWish) {
        method = wish.method
        // Frames are scaled, not cut.
        isAnimated = wish.isAnimated && wish.method == .scale
        let boxes = method == .crop ? Self.cropped : Self.scaled
        let covering = boxes.filter { $0.covers(wish) }
        let largest = Self.scaled[Self.scaled.count - 1]
        box =
            covering.min { left, right in
                (Self.distance(left, wish), left.area) < (Self.distance(right, wish), right.area)
            } ?? largest
    }

    /// How far the shape of a box is from the wish: 0 when equal, and when it does not matter.
    private static func distance(_ box: Box, _ wish: ThumbnailWish) -> Double {
        guard wish.method == .crop else { return 0 }
        let ratio = Double(box.width * wish.height) / Double(box.height * wish.width)
        return ratio > 1 ? ratio - 1 : 1 / ratio - 1
    }

    /// The name of its file.
    var name: String { "\(box.width)x\(box.height)-\(method.rawValue)\(isAnimated ? "-animated" : "")" }
}
