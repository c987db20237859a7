import Dispatch
import Synchronization

/// The live protocol on stations of many countries: means over the stations of a country, then over countries.
package struct WorldBacktest: Sendable {
    /// Each station's scores, in the order of the stations.
    package let stations: [StationBacktest]

    /// Scores of stations.
    package init(_ stations: [StationBacktest]) { self.stations = stations }

    /// Scores stations, several at once.
    ///
    /// - Parameter model: of a station: a shipped model, or the ensemble that has not seen its country.
    package init(
        _ stations: [WorldStation], _ options: StationBacktest.Options, workers: Int,
        by model: @Sendable (WorldStation) -> Model
    ) {
        let results = Mutex([StationBacktest?](repeating: nil, count: stations.count))
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: max(1, min(workers, stations.count))) { _ in
            while true {
                let number = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard number < stations.count else { return }
                let scores = StationBacktest(stations[number], by: model(stations[number]), options)
                results.withLock { $0[number] = scores }
            }
        }
        self.init(results.withLock { $0.compactMap(\.self) })
    }

    /// Stations with enough scored hours.
    package var counted: [StationBacktest] { stations.filter(\.counts) }

    /// A mean over the stations of each country that have a value, by country.
    package func byCountry(_ value: (StationBacktest) -> Double) -> [String: Double] {
        Dictionary(grouping: counted, by: \.station.country).compactMapValues { stations in
            let values = stations.map(value).filter(\.isFinite)
            return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
        }
    }

    /// The mean over countries of the means over their stations.
    package func mean(_ value: (StationBacktest) -> Double) -> Double {
        let countries = byCountry(value)
        // In an order, so that the same sum comes out each time.
        return countries.keys.sorted().reduce(0) { $0 + (countries[$1] ?? 0) } / Double(countries.count)
    }
}

extension WorldTraining {
    /// Scores every station by an ensemble that has not seen its country, with bands from stations of countries that it has
    /// not seen either.
    ///
    /// Countries are dealt into groups; an ensemble is trained on all but one and scored on that one, in turn. Ridge regression
    /// is fitted once for each set of inputs: it has no memory.
    package func leaveOut(
        groups count: Int, _ options: [StationBacktest.Options]
    ) throws(ForecastError) -> [WorldBacktest] {
        let fold = try crossFit({ 0..<$0.relative.rows.count }, groups: count, members: plan.members)
        var models: [Model] = []
        for (number, weights) in fold.weights.enumerated() {
            var errors = RelativeErrors()
            for (other, found) in fold.errors.enumerated() where other != number { errors.add(found) }
            models.append(
                try Self.model("without group \(number + 1)", weights, members: plan.members, errors: errors))
        }
        let blind = models
        var ridge: [Bool: [[Score]?]] = [:]
        return options.map { options in
            var needed = options
            needed.hasRidge = options.hasRidge && ridge[options.isPM25Only] == nil
            var scores = WorldBacktest(stations, needed, workers: workers) { station in
                blind[fold.groups.firstIndex { $0.contains(station.country) } ?? 0]
            }.stations
            if needed.hasRidge { ridge[options.isPM25Only] = scores.map(\.ridge) }
            for (index, ridge) in (ridge[options.isPM25Only] ?? []).enumerated() { scores[index].ridge = ridge }
            return WorldBacktest(scores)
        }
    }
}
