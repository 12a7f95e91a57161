/// Upper bounds of the buckets of histograms, fixed so that series of all nodes can be added up.
enum Bucket {
    /// Seconds, for durations from 0.1 ms to 30 s.
    static let seconds: [Double] = [
        0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]
    /// Counts and sizes from 1 to 10 million.
    static let magnitudes: [Double] = [
        1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 5000, 10_000, 50_000, 100_000, 500_000, 1_000_000, 10_000_000,
    ]
}
