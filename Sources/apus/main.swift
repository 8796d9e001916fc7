import Worker

await Apus.main()
