package import HTTPAPI
package import Media

/// What the endpoints of the content repository work with.
package struct MediaEndpointServices: Sendable {
    package let uploads: MediaUploads
    package let downloads: MediaDownloads
    package let thumbnails: Thumbnails

    package init(uploads: MediaUploads, downloads: MediaDownloads, thumbnails: Thumbnails) {
        self.uploads = uploads
        self.downloads = downloads
        self.thumbnails = thumbnails
    }
}

/// The endpoints of the content repository that clients call.
package enum MediaEndpoints {
    package static let all: [any Endpoint<MediaEndpointServices>.Type] = [
        UploadContent.self, CreateContent.self, UploadContentToMXC.self, GetConfigAuthed.self, GetContentAuthed.self,
        GetContentOverrideNameAuthed.self, GetContentThumbnailAuthed.self, GetConfig.self, GetContent.self,
        GetContentOverrideName.self, GetContentThumbnail.self,
    ]
}
