//! Colour maps by the names that matplotlib gives them.
use terracube_cube::{Error, Result};

/// Colours along a scale from 0 to 1.
#[derive(Clone, Copy)]
pub(crate) struct ColourMap {
    gradient: colorous::Gradient,
    reversed: bool,
}

/// Names in matplotlib's spelling; `_r` reverses each.
const NAMES: &[(&str, colorous::Gradient)] = &[
    ("viridis", colorous::VIRIDIS),
    ("plasma", colorous::PLASMA),
    ("inferno", colorous::INFERNO),
    ("magma", colorous::MAGMA),
    ("cividis", colorous::CIVIDIS),
    ("turbo", colorous::TURBO),
    ("cubehelix", colorous::CUBEHELIX),
    ("RdBu", colorous::RED_BLUE),
    ("RdYlBu", colorous::RED_YELLOW_BLUE),
    ("RdYlGn", colorous::RED_YELLOW_GREEN),
    ("RdGy", colorous::RED_GREY),
    ("BrBG", colorous::BROWN_GREEN),
    ("PRGn", colorous::PURPLE_GREEN),
    ("PiYG", colorous::PINK_GREEN),
    ("PuOr", colorous::PURPLE_ORANGE),
    ("Spectral", colorous::SPECTRAL),
    ("Blues", colorous::BLUES),
    ("Greens", colorous::GREENS),
    ("Greys", colorous::GREYS),
    ("Oranges", colorous::ORANGES),
    ("Purples", colorous::PURPLES),
    ("Reds", colorous::REDS),
    ("BuGn", colorous::BLUE_GREEN),
    ("BuPu", colorous::BLUE_PURPLE),
    ("GnBu", colorous::GREEN_BLUE),
    ("OrRd", colorous::ORANGE_RED),
    ("PuBu", colorous::PURPLE_BLUE),
    ("PuBuGn", colorous::PURPLE_BLUE_GREEN),
    ("PuRd", colorous::PURPLE_RED),
    ("RdPu", colorous::RED_PURPLE),
    ("YlGn", colorous::YELLOW_GREEN),
    ("YlGnBu", colorous::YELLOW_GREEN_BLUE),
    ("YlOrBr", colorous::YELLOW_ORANGE_BROWN),
    ("YlOrRd", colorous::YELLOW_ORANGE_RED),
    ("rainbow", colorous::RAINBOW),
    ("sinebow", colorous::SINEBOW),
];

impl ColourMap {
    /// The map of a name, without regard to case; `_r` at its end reverses it.
    ///
    /// # Errors
    /// If there is no such map, with a suggestion.
    pub fn named(name: &str) -> Result<Self> {
        let lower = name.to_lowercase();
        let (base, reversed) = lower.strip_suffix("_r").map_or((lower.as_str(), false), |base| (base, true));
        match NAMES.iter().find(|(known, _)| known.to_lowercase() == base) {
            Some((_, gradient)) => Ok(Self { gradient: *gradient, reversed }),
            None => Err(Error::unknown_name("colour map", name, NAMES.iter().map(|(known, _)| *known))),
        }
    }

    /// For quantities that go up from somewhere.
    pub fn sequential() -> Self {
        Self { gradient: colorous::VIRIDIS, reversed: false }
    }

    /// For departures from zero: blue below, red above.
    pub fn diverging() -> Self {
        Self { gradient: colorous::RED_BLUE, reversed: true }
    }

    /// The colour at 0..=1; outside, that of the nearer end.
    pub fn at(&self, share: f64) -> [u8; 3] {
        let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
        let colour = self.gradient.eval_continuous(if self.reversed { 1.0 - share } else { share });
        [colour.r, colour.g, colour.b]
    }

    /// `n` colours from one end to the other.
    pub fn steps(&self, n: usize) -> Vec<[u8; 3]> {
        (0..n).map(|i| self.at(i as f64 / (n.max(2) - 1) as f64)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_found_reversed_and_suggested() {
        let (map, back) = (ColourMap::named("VIRIDIS").unwrap(), ColourMap::named("viridis_r").unwrap());
        assert_eq!(map.at(0.0), back.at(1.0));
        assert_eq!(map.at(0.0), [68, 1, 84]);
        assert_eq!(map.at(f64::NAN), map.at(-3.0));
        let error = ColourMap::named("virids").err().unwrap().to_string();
        assert!(error.contains("did you mean `viridis`?"), "{error}");
    }
}
