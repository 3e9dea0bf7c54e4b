//! Units of measurement as CF writes them (UDUNITS' notation), and conversion between them. No kept crate reads them at run time.
use super::{DataArray, Dataset};
use crate::base::{Error, Result};

impl DataArray {
    /// The values in other units, by the attribute `units`, which is set anew (CF's notation: "degC", "hPa", "m s-1", "mm/day"). f32 stays
    /// f32, integers become f64.
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let t = DataArray::from_vec(["x"], &[2], vec![273.15, 300.0]).with_attr("units", "K");
    /// let c = t.to_units("degC");
    /// assert_eq!(c.round(2).to_f64()?, [0.0, 26.85]);
    /// assert!(t.to_units("m").error().unwrap().to_string().contains("`K` and `m`"));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn to_units(&self, units: &str) -> Self {
        if self.error().is_some() {
            return self.clone();
        }
        let Some(own) = self.attrs().text("units") else {
            let message = "there is no attribute `units` to convert from";
            return self.fail(Error::invalid(message).hint("set it: `.with_attr(\"units\", \"K\")`"));
        };
        match conversion(own, units) {
            Ok((scale, offset)) => {
                let scaled = if scale == 1.0 { self.clone() } else { self * scale };
                let moved = if offset == 0.0 { scaled } else { scaled + offset };
                moved.keeping_name_and_attrs(self).with_attr("units", units)
            }
            Err(error) => self.fail(error),
        }
    }
}

impl Dataset {
    /// The dataset with one variable in other units. See [`DataArray::to_units`].
    ///
    /// ```
    /// use terracube_cube::DataArray;
    /// let dataset = DataArray::from_vec(["x"], &[1], vec![273.15]).with_attr("units", "K").named("t").to_dataset();
    /// let celsius = dataset.to_units("t", "degC").var("t");
    /// assert_eq!((celsius.round(9).item()?, celsius.attrs().text("units")), (0.0, Some("degC")));
    /// # Ok::<(), terracube_cube::Error>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn to_units(&self, name: &str, units: &str) -> Self {
        self.assign([(name, &self.var(name).to_units(units))])
    }
}

/// `(a, b)` such that a value in `from` is `a` times it plus `b` in `to`.
fn conversion(from: &str, to: &str) -> Result<(f64, f64)> {
    let (a, b) = (Unit::parse(from)?, Unit::parse(to)?);
    if a.powers != b.powers {
        let mut error = Error::invalid(format!("`{from}` and `{to}` measure different things"));
        let (mut low, mut high) = (a.powers, b.powers);
        if low[1] > high[1] {
            (low, high) = (high, low);
        }
        // kg m-2 against m, with or without a time.
        if low[0] == 1 && low[1] == 0 && high[0] == -2 && high[1] == 1 && low[2..] == high[2..] {
            error = error.hint("a mass of water over an area is a depth of 1 mm per kg m-2: multiply by that first");
        }
        return Err(error);
    }
    // Exact where only the zero differs.
    Ok((a.scale / b.scale, (a.offset - b.offset) / b.scale))
}

/// A unit as `scale` times SI base units, with its zero at `offset` of them.
#[derive(Debug, Clone, PartialEq)]
struct Unit {
    scale: f64,
    offset: f64,
    /// Powers of m, kg, s, K, mol, A.
    powers: [i32; 6],
}

const NONE: [i32; 6] = [0; 6];
const LENGTH: [i32; 6] = [1, 0, 0, 0, 0, 0];
const MASS: [i32; 6] = [0, 1, 0, 0, 0, 0];
const TIME: [i32; 6] = [0, 0, 1, 0, 0, 0];
const KELVIN: [i32; 6] = [0, 0, 0, 1, 0, 0];
const PRESSURE: [i32; 6] = [-1, 1, -2, 0, 0, 0];

/// Names, scale to SI, zero, powers; whether prefixes go before.
type Named = (&'static [&'static str], f64, f64, [i32; 6], bool);
const UNITS: &[Named] = &[
    (&["m", "meter", "meters", "metre", "metres"], 1.0, 0.0, LENGTH, true),
    (&["g", "gram", "grams"], 1e-3, 0.0, MASS, true),
    (&["t", "tonne", "tonnes"], 1e3, 0.0, MASS, true),
    (&["s", "sec", "second", "seconds"], 1.0, 0.0, TIME, true),
    (&["min", "minute", "minutes"], 60.0, 0.0, TIME, false),
    (&["h", "hr", "hour", "hours"], 3_600.0, 0.0, TIME, false),
    (&["d", "day", "days"], 86_400.0, 0.0, TIME, false),
    (&["week", "weeks"], 604_800.0, 0.0, TIME, false),
    // UDUNITS' year is the tropical one.
    (&["year", "years", "yr"], 3.155_692_597_47e7, 0.0, TIME, false),
    (&["K", "kelvin", "kelvins", "degK", "deg_K", "degree_K", "degree_kelvin"], 1.0, 0.0, KELVIN, true),
    (
        &[
            "degC",
            "deg_C",
            "degree_C",
            "degrees_C",
            "celsius",
            "Celsius",
            "degree_Celsius",
            "degrees_Celsius",
            "degree_celsius",
            "°C",
            "C",
            "degreesC",
        ],
        1.0,
        273.15,
        KELVIN,
        false,
    ),
    (
        &["degF", "deg_F", "degree_F", "fahrenheit", "Fahrenheit", "°F"],
        5.0 / 9.0,
        273.15 - 32.0 * 5.0 / 9.0,
        KELVIN,
        false,
    ),
    (&["mol", "mole", "moles"], 1.0, 0.0, [0, 0, 0, 0, 1, 0], true),
    (&["A", "ampere", "amperes"], 1.0, 0.0, [0, 0, 0, 0, 0, 1], true),
    (&["Pa", "pascal", "pascals"], 1.0, 0.0, PRESSURE, true),
    (&["bar", "bars"], 1e5, 0.0, PRESSURE, true),
    (&["dbar", "decibar", "decibars"], 1e4, 0.0, PRESSURE, false),
    (&["mb", "millibar", "millibars"], 100.0, 0.0, PRESSURE, false),
    (&["atm", "atmosphere"], 101_325.0, 0.0, PRESSURE, false),
    (&["N", "newton", "newtons"], 1.0, 0.0, [1, 1, -2, 0, 0, 0], true),
    (&["J", "joule", "joules"], 1.0, 0.0, [2, 1, -2, 0, 0, 0], true),
    (&["cal", "calorie"], 4.1868, 0.0, [2, 1, -2, 0, 0, 0], true),
    (&["W", "watt", "watts"], 1.0, 0.0, [2, 1, -3, 0, 0, 0], true),
    (&["Hz", "hertz"], 1.0, 0.0, [0, 0, -1, 0, 0, 0], true),
    (&["V", "volt", "volts"], 1.0, 0.0, [2, 1, -3, 0, 0, -1], true),
    (&["l", "L", "liter", "litre", "liters", "litres"], 1e-3, 0.0, [3, 0, 0, 0, 0, 0], true),
    (&["ha", "hectare", "hectares"], 1e4, 0.0, [2, 0, 0, 0, 0, 0], false),
    (&["ft", "foot", "feet"], 0.3048, 0.0, LENGTH, false),
    (&["in", "inch", "inches"], 0.0254, 0.0, LENGTH, false),
    (&["mile", "miles"], 1_609.344, 0.0, LENGTH, false),
    (&["nmile", "nautical_mile", "nautical_miles"], 1_852.0, 0.0, LENGTH, false),
    (&["knot", "knots", "kt", "kts"], 1_852.0 / 3_600.0, 0.0, [1, 0, -1, 0, 0, 0], false),
    (&["rad", "radian", "radians"], 1.0, 0.0, NONE, true),
    (
        &["degree", "degrees", "deg", "degrees_north", "degrees_east", "degree_north", "degree_east", "°"],
        std::f64::consts::PI / 180.0,
        0.0,
        NONE,
        false,
    ),
    (&["%", "percent"], 0.01, 0.0, NONE, false),
    (&["psu", "PSU", "permil", "‰"], 1e-3, 0.0, NONE, false),
    (&["ppm", "ppmv"], 1e-6, 0.0, NONE, false),
    (&["ppb", "ppbv"], 1e-9, 0.0, NONE, false),
    (&["dobson", "DU"], 4.4615e-4, 0.0, [-2, 0, 0, 0, 1, 0], false),
];

const PREFIXES: &[(&str, f64)] = &[
    ("da", 1e1),
    ("Y", 1e24),
    ("Z", 1e21),
    ("E", 1e18),
    ("P", 1e15),
    ("T", 1e12),
    ("G", 1e9),
    ("M", 1e6),
    ("k", 1e3),
    ("h", 1e2),
    ("d", 1e-1),
    ("c", 1e-2),
    ("m", 1e-3),
    ("u", 1e-6),
    ("µ", 1e-6),
    ("n", 1e-9),
    ("p", 1e-12),
    ("f", 1e-15),
    ("a", 1e-18),
    ("deci", 1e-1),
    ("centi", 1e-2),
    ("milli", 1e-3),
    ("micro", 1e-6),
    ("nano", 1e-9),
    ("hecto", 1e2),
    ("kilo", 1e3),
    ("mega", 1e6),
    ("giga", 1e9),
    ("tera", 1e12),
    ("peta", 1e15),
];

impl Unit {
    #[track_caller]
    fn parse(text: &str) -> Result<Self> {
        let mut unit = Self { scale: 1.0, offset: 0.0, powers: NONE };
        let spaced = text.replace("**", "^").replace(['·', '*', '(', ')'], " ").replace('/', " / ");
        let mut divide = false;
        let mut n_terms = 0;
        for term in spaced.split_whitespace().flat_map(split_dots) {
            if term == "/" || term == "per" {
                divide = true;
                continue;
            }
            let (mut factor, power) = Self::term(term).ok_or_else(|| unknown(text, term))?;
            n_terms += 1;
            let power = if std::mem::take(&mut divide) { -power } else { power };
            // A zero of its own makes sense only for a unit that stands alone; in "W m-2 degC-1" a degree is a difference.
            if n_terms > 1 || power != 1 {
                factor.offset = 0.0;
                unit.offset = 0.0;
            }
            unit.scale *= factor.scale.powi(power);
            unit.offset = factor.offset;
            unit.powers.iter_mut().zip(factor.powers).for_each(|(own, other)| *own += other * power);
        }
        Ok(unit)
    }

    /// A number, or a name with a power.
    fn term(term: &str) -> Option<(Self, i32)> {
        if let Ok(scale) = term.parse::<f64>() {
            return (scale > 0.0).then_some((Self { scale, offset: 0.0, powers: NONE }, 1));
        }
        let start = term.find(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '^')).filter(|at| *at > 0);
        let (name, power) = term.split_at(start.unwrap_or(term.len()));
        let power = power.trim_start_matches('^');
        let power: i32 = if power.is_empty() { 1 } else { power.parse().ok()? };
        Some((Self::named(name)?, power))
    }

    fn named(name: &str) -> Option<Self> {
        let of = |name: &str| UNITS.iter().find(|unit| unit.0.contains(&name));
        if let Some((_, scale, offset, powers, _)) = of(name) {
            return Some(Self { scale: *scale, offset: *offset, powers: *powers });
        }
        PREFIXES.iter().find_map(|(prefix, times)| {
            let (_, scale, _, powers, _) = of(name.strip_prefix(prefix)?).filter(|unit| unit.4)?;
            Some(Self { scale: scale * times, offset: 0.0, powers: *powers })
        })
    }
}

/// "m.s-1" as "m" and "s-1"; numbers keep their point.
fn split_dots(term: &str) -> Vec<&str> {
    if term.parse::<f64>().is_ok() { vec![term] } else { term.split('.').filter(|part| !part.is_empty()).collect() }
}

fn unknown(text: &str, term: &str) -> Error {
    let error = Error::unknown_name("unit", term, UNITS.iter().flat_map(|unit| unit.0.iter().copied()));
    if text == term { error } else { error.context(format!("units \"{text}\"")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conversions_are_those_of_udunits() {
        let rows = [
            ("K", "degC", 300.0, 26.85),
            ("degC", "K", 0.0, 273.15),
            ("degF", "degC", 212.0, 100.0),
            ("Pa", "hPa", 101_325.0, 1_013.25),
            ("mb", "hPa", 500.0, 500.0),
            ("m s-1", "km/h", 10.0, 36.0),
            ("m/s", "knot", 1.0, 3_600.0 / 1_852.0),
            ("kg m-2 s-1", "g m^-2 day-1", 1.0, 86_400_000.0),
            ("m s**-1", "mm/day", 1e-6, 86.4),
            ("W m-2", "kW/m2", 1_000.0, 1.0),
            ("J m-2", "W s m-2", 5.0, 5.0),
            ("1", "%", 0.5, 50.0),
            ("1e-3 kg kg-1", "g/kg", 7.0, 7.0),
            ("degrees", "rad", 180.0, std::f64::consts::PI),
            ("mol.m-3", "mmol l-1", 2.0, 2.0),
            ("km", "m", 1.5, 1_500.0),
            ("J kg-1 degC-1", "J kg-1 K-1", 4_000.0, 4_000.0),
            ("days", "h", 2.0, 48.0),
        ];
        for (from, to, value, expected) in rows {
            let (scale, offset) = conversion(from, to).unwrap();
            let found = value * scale + offset;
            assert!(
                (found - expected).abs() <= 1e-9 * expected.abs().max(1.0),
                "{from} -> {to}: {found}, expected {expected}"
            );
        }
        for (from, to, expected) in [
            ("K", "m", "different things"),
            ("kelvn", "K", "did you mean"),
            ("kg m-2 s-1", "mm/day", "1 mm per kg m-2"),
            ("m s-1 foo", "m", "foo"),
        ] {
            let error = conversion(from, to).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
