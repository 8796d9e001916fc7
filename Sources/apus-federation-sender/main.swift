import Worker

await WorkerProcess.main(.federationSender)
