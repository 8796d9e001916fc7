import ServerConfiguration
import Worker

await WorkerProcess.main(.federationReader)
