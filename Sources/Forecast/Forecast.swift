/// What a model says of the 24 hours after an origin; element `lead - 1` is the hour `origin + lead`.
public struct Forecast: Sendable, Equatable {
    /// Leads in a forecast, in hours.
    public static let leads = 24

    /// PM2.5 in µg/m³, `Forecast.leads` values, finite and never below zero.
    public var pm25: [Float]
    /// 80 % and 95 % prediction bands; nil when the model has none.
    public var bands: Bands?

    /// Prediction bands in µg/m³, `Forecast.leads` values each: lower95 ≤ lower80 ≤ upper80 ≤ upper95, none below zero.
    public struct Bands: Sendable, Equatable {
        /// Lower edge of the 80 % band.
        public var lower80: [Float]
        /// Upper edge of the 80 % band.
        public var upper80: [Float]
        /// Lower edge of the 95 % band.
        public var lower95: [Float]
        /// Upper edge of the 95 % band.
        public var upper95: [Float]

        /// Bands from their four edges.
        public init(lower80: [Float], upper80: [Float], lower95: [Float], upper95: [Float]) {
            self.lower80 = lower80
            self.upper80 = upper80
            self.lower95 = lower95
            self.upper95 = upper95
        }
    }

    /// A forecast from its values.
    public init(pm25: [Float], bands: Bands? = nil) {
        self.pm25 = pm25
        self.bands = bands
    }
}
