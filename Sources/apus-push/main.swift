import Worker

await WorkerProcess.main(.push)
