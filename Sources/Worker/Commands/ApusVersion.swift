/// What this server calls itself: `--version`, the federation API's version endpoint and the user agent of its requests.
package enum ApusVersion {
    package static let name = "Apus"
    package static let number = "0.1.0"
}
