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

    /// A mean over the stations of each country, by country.
    package func byCountry(_ value: (StationBacktest) -> Double) -> [String: Double] {
        Dictionary(grouping: counted, by: \.station.country).mapValues { stations in
            stations.reduce(0) { $0 + value($1) } / Double(stations.count)
        }
    }

    /// The mean over countries of the means over their stations.
    package func mean(_ value: (StationBacktest) -> Double) -> Double {
        let countries = byCountry(value)
        // In an order, so that the same sum comes out each time.
        return countries.keys.sorted().reduce(0) { $0 + (countries[$1] ?? 0) } / Double(countries.count)
    }

    /// The scores of `hazecast backtest --protocol live --data DIR --json`.
    package var json: JSONValue {
        var members = Self.summary(self, \.model)
        members["protocol"] = .string("live")
        members["stations"] = .array(stations.map(Self.json))
        members["adapted"] = .object(Self.summary(self, \.adapted))
        return .object(members)
    }

    private static func summary(
        _ backtest: WorldBacktest, _ part: KeyPath<StationBacktest, StationBacktest.Part>
    ) -> [String: JSONValue] {
        let skill = { (station: StationBacktest) in station.meanSkill(station[keyPath: part].leads) }
        let worst = backtest.counted.min { skill($0) < skill($1) }
        return [
            "countries": .object(
                backtest.byCountry(skill).mapValues { .object(["mean_skill": .number($0)]) }),
            "mean_skill": .number(backtest.mean(skill)),
            "worst": worst.map { .string($0.station.id) } ?? .null,
            "stations_below_zero": .number(backtest.counted.count { skill($0) < 0 }),
        ]
    }

    private static func json(_ station: StationBacktest) -> JSONValue {
        func leads(_ part: StationBacktest.Part) -> JSONValue {
            let skill = station.skill(part.leads)
            return .object(
                Dictionary(
                    uniqueKeysWithValues: part.leads.indices.map { index in
                        let score = part.leads[index]
                        let members: [String: JSONValue] = [
                            "n": .number(score.n), "rmse": .number(score.rmse), "mae": .number(score.mae),
                            "bias": .number(score.bias), "r2": .number(score.r2), "skill": .number(skill[index]),
                        ]
                        return ("\(index + 1)", .object(members.merging(part.bands[index].json) { own, _ in own }))
                    }))
        }
        func plain(_ scores: [Score]) -> JSONValue {
            let skill = station.skill(scores)
            return .object(
                Dictionary(
                    uniqueKeysWithValues: scores.indices.map { index in
                        let members: [String: JSONValue] = [
                            "n": .number(scores[index].n), "rmse": .number(scores[index].rmse),
                            "mae": .number(scores[index].mae), "skill": .number(skill[index]),
                        ]
                        return ("\(index + 1)", .object(members))
                    }))
        }
        return .object([
            "id": .string(station.station.id), "country": .string(station.station.country),
            "n": .number(station.persistence[0].n), "counted": .bool(station.counts),
            "mean_skill": .number(station.meanSkill(station.model.leads)),
            "leads": leads(station.model), "persistence": plain(station.persistence),
            "climatology": plain(station.climatology),
            "adapted": .object([
                "mean_skill": .number(station.meanSkill(station.adapted.leads)), "leads": leads(station.adapted),
            ]),
        ])
    }
}

extension WorldTraining {
    /// Scores every station by an ensemble that has not seen its country, with bands from stations of countries that it has
    /// not seen either.
    ///
    /// Countries are dealt into groups; an ensemble is trained on all but one and scored on that one, in turn.
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
        return options.map { options in
            WorldBacktest(stations, options, workers: workers) { station in
                blind[fold.groups.firstIndex { $0.contains(station.country) } ?? 0]
            }
        }
    }
}
