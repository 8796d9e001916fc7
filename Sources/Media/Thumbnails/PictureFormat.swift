import CVips
import NIOCore

/// The formats of pictures that we look into. What a file is gets decided by its first bytes, not by what its uploader says.
enum PictureFormat: Sendable, CaseIterable {
    case jpeg, png, gif, webp
    /// HEIC and AVIF.
    case heif

    /// How much of a file tells.
    static let prefixBytes = 12

    /// The brands of still pictures in the family of formats that MP4 belongs to.
    private static let heifBrands: Set<String> = ["avif", "avis", "heic", "heix", "heim", "heis", "mif1", "msf1"]

    init?(prefix: ByteBuffer) {
        let bytes = Array(prefix.readableBytesView.prefix(Self.prefixBytes))
        if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
            self = .jpeg
        } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
            self = .png
        } else if bytes.starts(with: "GIF87a".utf8) || bytes.starts(with: "GIF89a".utf8) {
            self = .gif
        } else if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) {
            self = .webp
        } else if bytes.dropFirst(4).starts(with: "ftyp".utf8),
            Self.heifBrands.contains(String(decoding: bytes.dropFirst(8), as: UTF8.self))
        {
            self = .heif
        } else {
            return nil
        }
    }

    /// The content type; nil for what a thumbnail may not be.
    var thumbnailType: String? {
        switch self {
        case .jpeg: "image/jpeg"
        case .png: "image/png"
        case .gif: "image/gif"
        case .webp: "image/webp"
        case .heif: nil
        }
    }

    /// Whether it keeps every point as it was drawn, as screenshots and icons want it.
    var isLossless: Bool { self == .png || self == .gif }

    var libraryFormat: cvips_format {
        switch self {
        case .jpeg: CVIPS_JPEG
        case .png: CVIPS_PNG
        case .gif: CVIPS_GIF
        case .webp: CVIPS_WEBP
        case .heif: CVIPS_HEIF
        }
    }
}
