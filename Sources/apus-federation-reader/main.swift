import Worker

await WorkerProcess.main(.federationReader)
