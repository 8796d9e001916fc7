import Media
import MediaEndpoints
import Rooms
import ServerConfiguration
import Storage
import Telemetry

/// The content repository.
struct MediaPart: Sendable {
    let endpoints: MediaEndpointServices
    let downloads: MediaDownloads
    let upkeep: MediaUpkeep
    private let threads: FileThreads
    private let thumbnailer: Thumbnailer

    init(_ core: HomeserverCore) async throws {
        let section = core.configuration.media
        let telemetry = core.telemetry
        threads = FileThreads()
        thumbnailer = Thumbnailer()
        let folder: MediaFolder
        do {
            folder = try await MediaFolder.open(section.path, threads: threads, random: telemetry.random)
        } catch {
            await thumbnailer.shutdown()
            await threads.shutdown()
            throw StartFailure("the media folder cannot be used: \(error)")
        }
        let store = MediaStore(pool: core.pool)
        let uploads = MediaUploads(
            serverName: core.configuration.serverName, maxBytes: section.maxUploadBytes,
            requiresToken: !section.allowsUnauthenticatedDownloads, store: store, folder: folder, telemetry: telemetry)
        downloads = MediaDownloads(
            serverName: core.configuration.serverName, store: store, folder: folder, telemetry: telemetry)
        endpoints = MediaEndpointServices(
            uploads: uploads, downloads: downloads,
            thumbnails: Thumbnails(downloads: downloads, folder: folder, thumbnailer: thumbnailer))
        upkeep = MediaUpkeep(store: store, folder: folder, telemetry: telemetry)
    }

    func close() async {
        await thumbnailer.shutdown()
        await threads.shutdown()
    }
}
