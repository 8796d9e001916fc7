import Testing

@testable import Federation

struct StagedRoomTests {
    @Test func pausesGrowUpToABound() {
        #expect(StagedRoom.pause(after: 0) == StagedRoom.firstPause)
        #expect(StagedRoom.pause(after: 3) == StagedRoom.firstPause * 8)
        #expect(StagedRoom.pause(after: .max) == StagedRoom.longestPause)
    }
}
