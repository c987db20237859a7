extension WorldBacktest {
    /// The scores of `hazecast backtest --protocol live --data DIR --json`.
    package var json: JSONValue {
        var members = summary(\.model)
        members["protocol"] = .string("live")
        members["stations"] = .array(stations.map(\.json))
        members["adapted"] = .object(summary(\.adapted))
        members["bands"] = bands
        if stations.contains(where: { $0.ridge != nil }) {
            members["ridge"] = .object(["mean_skill": .number(mean(\.ridgeMeanSkill))])
        }
        return .object(members)
    }

    /// Mean skill, altogether and by country: what a model file says of its model.
    package var compactJSON: JSONValue {
        .object(summary(\.model).filter { ["countries", "mean_skill"].contains($0.key) })
    }

    private func summary(_ part: KeyPath<StationBacktest, StationBacktest.Part>) -> [String: JSONValue] {
        let skill = { (station: StationBacktest) in station.meanSkill(station[keyPath: part].leads) }
        let worst = counted.min { skill($0) < skill($1) }
        return [
            "countries": .object(byCountry(skill).mapValues { .object(["mean_skill": .number($0)]) }),
            "mean_skill": .number(mean(skill)),
            "worst": worst.map { .string($0.station.id) } ?? .null,
            "stations_below_zero": .number(counted.count { skill($0) < 0 }),
        ]
    }

    /// How often the bands held, over stations: means by lead, and the share of pairs of station and lead at which the 80 %
    /// band held .75 to .85 of the observations.
    private var bands: JSONValue {
        let kinds: [(name: String, scores: (StationBacktest) -> [BandScore])] = [
            ("static", \.model.bands), ("first_week", \.firstWeek), ("adapted", \.adapted.bands),
            ("adapted_first_week", { $0.adaptedBandsByAge[0] }),
            ("adapted_days_15_to_30", { $0.adaptedBandsByAge[1] }),
            ("adapted_from_day_31", { $0.adaptedBandsByAge[2] }),
        ]
        var members: [String: JSONValue] = [:]
        var within: [String: JSONValue] = [:]
        for (name, scores) in kinds {
            let stations = counted.map(scores)
            let prefix = name.last?.isNumber == true ? "\(name)_" : name
            members["\(prefix)80"] = Self.coverage(\.coverage80, of: stations)
            members["\(prefix)95"] = Self.coverage(\.coverage95, of: stations)
            within[name] = .number(Self.shareWithin(of: stations))
        }
        members["within_75_85"] = .object(within)
        return .object(members)
    }

    private static func coverage(_ share: KeyPath<BandScore, Double>, of stations: [[BandScore]]) -> JSONValue {
        .byLead(
            (0..<Forecast.leads).map { lead in
                let values = stations.map { $0[lead][keyPath: share] }.filter(\.isFinite)
                return .number(values.reduce(0, +) / Double(values.count))
            })
    }

    private static func shareWithin(of stations: [[BandScore]]) -> Double {
        let shares = stations.flatMap { $0.map(\.coverage80) }.filter(\.isFinite)
        return Double(shares.count { (0.75...0.85).contains($0) }) / Double(shares.count)
    }
}

extension StationBacktest {
    /// Mean skill of ridge regression over the quoted leads; NaN where it was not fitted.
    package var ridgeMeanSkill: Double { ridge.map(meanSkill) ?? .nan }

    fileprivate var json: JSONValue {
        .object([
            "id": .string(station.id), "country": .string(station.country), "n": .number(persistence[0].n),
            "counted": .bool(counts), "reason": reason.map { .string($0) } ?? .null,
            "mean_skill": .number(meanSkill(model.leads)), "leads": leads(model),
            "persistence": plain(persistence), "climatology": plain(climatology),
            "ridge": ridge.map(plain) ?? .null,
            "adapted": .object([
                "mean_skill": .number(meanSkill(adapted.leads)), "leads": leads(adapted),
            ]),
        ])
    }

    private func leads(_ part: Part) -> JSONValue {
        let skill = skill(part.leads)
        return .byLead(
            part.leads.indices.map { index in
                let score = part.leads[index]
                let members: [String: JSONValue] = [
                    "n": .number(score.n), "rmse": .number(score.rmse), "mae": .number(score.mae),
                    "bias": .number(score.bias), "r2": .number(score.r2), "skill": .number(skill[index]),
                ]
                return .object(members.merging(part.bands[index].json) { own, _ in own })
            })
    }

    private func plain(_ scores: [Score]) -> JSONValue {
        let skill = skill(scores)
        return .byLead(
            scores.indices.map { index in
                .object([
                    "n": .number(scores[index].n), "rmse": .number(scores[index].rmse),
                    "mae": .number(scores[index].mae), "skill": .number(skill[index]),
                ])
            })
    }
}

extension JSONValue {
    /// An object of a value for each lead, the first being of lead 1.
    fileprivate static func byLead(_ values: [JSONValue]) -> JSONValue {
        .object(Dictionary(uniqueKeysWithValues: values.enumerated().map { ("\($0 + 1)", $1) }))
    }
}
