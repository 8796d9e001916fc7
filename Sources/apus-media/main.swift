import Worker

await WorkerProcess.main(.media)
