import Testing

@testable import Media

@Suite struct ThumbnailSizeTests {
    private func name(_ width: Int, _ height: Int, _ method: ThumbnailWish.Method, _ isAnimated: Bool = false) -> String
    {
        ThumbnailWish(width: width, height: height, method: method, isAnimated: isAnimated).size.name
    }

    @Test func thoseOfTheSpecificationAreMade() {
        #expect(name(32, 32, .crop) == "32x32-crop")
        #expect(name(96, 96, .crop) == "96x96-crop")
        #expect(name(320, 240, .scale) == "320x240-scale")
        #expect(name(640, 480, .scale) == "640x480-scale")
        #expect(name(800, 600, .scale) == "800x600-scale")
    }

    @Test func wishesAreRoundedUp() {
        #expect(name(1, 1, .scale) == "320x240-scale")
        #expect(name(321, 240, .scale) == "640x480-scale")
        #expect(name(100, 300, .scale) == "640x480-scale")
        #expect(name(33, 33, .crop) == "96x96-crop")
        #expect(name(120, 120, .crop) == "256x256-crop")
        #expect(name(200, 150, .crop) == "320x240-crop")
        #expect(name(600, 600, .crop) == "1600x1200-crop" || name(600, 600, .crop) == "800x600-crop")
    }

    @Test func wishesBeyondTheLargestGetIt() {
        #expect(name(65_535, 65_535, .scale) == "1600x1200-scale")
        #expect(name(2000, 10, .crop) == "1600x1200-crop")
    }

    @Test func onlyWholeFramesMove() {
        #expect(name(320, 240, .scale, true) == "320x240-scale-animated")
        #expect(name(96, 96, .crop, true) == "96x96-crop")
    }

    @Test func enormousPicturesAreNotDecoded() {
        func may(_ width: Int, _ height: Int, _ bytes: Int = 3, frames: Int = 1) -> Bool {
            PictureFacts(width: width, height: height, frames: frames, bytesPerPoint: bytes).mayBeDecoded(
                frames: frames)
        }
        #expect(may(8064, 6048))
        #expect(!may(50_000, 50_000, 1))
        #expect(!may(7000, 7000, 8))
        #expect(!may(1000, 1000, frames: 51))
        #expect(!may(.max, .max))
        #expect(!may(0, 10) && !may(-1, -1) && !may(10, 10, 0))
    }
}
