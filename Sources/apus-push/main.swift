import ServerConfiguration
import Worker

await WorkerProcess.main(.push)
