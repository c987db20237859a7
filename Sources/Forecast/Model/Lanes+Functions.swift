/// Functions of 16 numbers at once. They are made of additions, multiplications and divisions alone, so a lane's result
/// is the same on every processor and whatever is in the other lanes.
extension SIMD16<Float> {
    /// Added to a number below 2^22 and taken away again it leaves the nearest whole one; in between, that number stands
    /// in the last bits.
    private static let rounder: Float = 12_582_912

    /// Sine and cosine of angles below 1e6 degrees, within 2e-7.
    ///
    /// What is left of the angle beyond the nearest quarter turn goes through the polynomials of Cephes' `sinf`.
    static func sineAndCosine(degrees: Lanes) -> (sine: Lanes, cosine: Lanes) {
        let rounded = degrees / 90 + rounder
        let x = (degrees - (rounded - rounder) * 90) * (.pi / 180)
        let x2 = x * x
        let sine = x + x * x2 * (-1.666_665_5e-1 + x2 * (8.332_161e-3 - x2 * 1.951_529_6e-4))
        let cosine = 1 - x2 / 2 + x2 * x2 * (4.166_664_6e-2 + x2 * (-1.388_731_6e-3 + x2 * 2.443_315_7e-5))
        // With bits, because comparisons of whole numbers are not made of vector instructions.
        let quarters = unsafeBitCast(rounded, to: SIMD16<UInt32>.self)
        let swap = 0 &- (quarters & 1)
        let (sineBits, cosineBits) = (
            unsafeBitCast(sine, to: SIMD16<UInt32>.self), unsafeBitCast(cosine, to: SIMD16<UInt32>.self)
        )
        let difference = (sineBits ^ cosineBits) & swap
        let sineSign = (quarters & 2) &<< 30
        let cosineSign = ((quarters &+ 1) & 2) &<< 30
        return (
            unsafeBitCast(sineBits ^ difference ^ sineSign, to: Lanes.self),
            unsafeBitCast(cosineBits ^ difference ^ cosineSign, to: Lanes.self)
        )
    }

    /// Natural logarithm of normal numbers above zero, within 2e-7 of the number's or of 1.
    ///
    /// ln(m·2^e) = e·ln 2 + 2 artanh((m − 1) / (m + 1)) with m between 2/3 and 4/3.
    func logarithm() -> Lanes {
        let least: UInt32 = 0x3F2A_AAAB
        let bits = unsafeBitCast(self, to: SIMD16<UInt32>.self) &- least
        let exponent = unsafeBitCast(bits, to: SIMD16<Int32>.self) &>> 23
        let wholeExponent = unsafeBitCast(exponent &+ 0x4B40_0000, to: Lanes.self) - Self.rounder
        let m = unsafeBitCast((bits & 0x007F_FFFF) &+ least, to: Lanes.self)
        let s = (m - 1) / (m + 1)
        let s2 = s * s
        let series = 1 + s2 * (0.333_333_34 + s2 * (0.2 + s2 * (0.142_857_15 + s2 * 0.111_111_11)))
        return wholeExponent * 0.693_147_2 + 2 * s * series
    }

    /// The same of numbers of which some are NaN: theirs is NaN.
    func knownLogarithm() -> Lanes { logarithm().replacing(with: .nan, where: self .!= self) }

    /// e to the power of each number, within 2e-7 of itself; numbers beyond ±80 count as ±80, and NaN stays NaN.
    func exponential() -> Lanes {
        let x = replacing(with: 80, where: self .> 80).replacing(with: -80, where: self .< -80)
        let known = x.replacing(with: 0, where: x .!= x)
        let rounded = known * 1.442_695_04 + Self.rounder
        let power = rounded - Self.rounder
        // ln 2 in two parts, so that nothing is lost where the power is large.
        let r = (known - power * 0.693_359_4) + power * 2.121_944_4e-4
        var series = Lanes(repeating: 1.987_569_1e-4)
        series = 1.398_199_9e-3 + series * r
        series = 8.333_452e-3 + series * r
        series = 4.166_579_6e-2 + series * r
        series = 0.166_666_65 + series * r
        series = 0.5 + series * r
        let mantissa = 1 + r + r * r * series
        let bits = unsafeBitCast(rounded, to: SIMD16<UInt32>.self) &- 0x4B40_0000
        let scale = unsafeBitCast((bits &+ 127) &<< 23, to: Lanes.self)
        return (mantissa * scale).replacing(with: .nan, where: x .!= x)
    }
}
