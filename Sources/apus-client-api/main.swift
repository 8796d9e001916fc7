import Worker

await WorkerProcess.main(.clientAPI)
