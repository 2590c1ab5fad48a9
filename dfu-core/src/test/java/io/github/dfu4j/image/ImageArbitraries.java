package io.github.dfu4j.image;

import java.util.Collections;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Tuple;
import net.jqwik.api.providers.ArbitraryProvider;
import net.jqwik.api.providers.TypeUsage;

/** Images of a few segments, data and fills, that touch, lie close together or far apart, in 32 bits. */
public final class ImageArbitraries implements ArbitraryProvider {

    private record Piece(long gap, Segment segment) {}

    @Override
    public boolean canProvideFor(TypeUsage type) {
        return type.isOfType(FirmwareImage.class);
    }

    @Override
    public Set<Arbitrary<?>> provideFor(TypeUsage type, SubtypeProvider subtypes) {
        Arbitrary<Long> gaps = Arbitraries.frequencyOf(
                Tuple.of(2, Arbitraries.just(0L)),
                Tuple.of(4, Arbitraries.longs().between(1, 300)),
                Tuple.of(2, Arbitraries.longs().between(60_000, 70_000)),
                Tuple.of(1, Arbitraries.longs().between(0, 1L << 29)));
        Arbitrary<Segment> data = Arbitraries.bytes()
                .array(byte[].class)
                .ofMinSize(1)
                .ofMaxSize(600)
                .map(bytes -> Segment.of(0, bytes));
        Arbitrary<Segment> fills = Combinators.combine(
                        Arbitraries.integers().between(1, 70_000),
                        Arbitraries.integers().between(0, 255))
                .as((size, fill) -> Segment.filled(AddressRange.ofSize(0, size), fill));
        Arbitrary<Piece> pieces = Combinators.combine(
                        gaps, Arbitraries.frequencyOf(Tuple.of(5, data), Tuple.of(1, fills)))
                .as(Piece::new);
        Arbitrary<Long> starts = Arbitraries.of(0L, 1L, 0xfff0L, 0x00ffff00L, 0x08000000L, 0x24000000L, 0x90040000L);
        Arbitrary<FirmwareImage> images = Combinators.combine(
                        starts, pieces.list().ofMinSize(1).ofMaxSize(5))
                .as((start, list) -> {
                    FirmwareImage.Builder image = FirmwareImage.builder().origin("made", "");
                    long address = start;
                    for (Piece p : list) {
                        address += p.gap;
                        long size = p.segment.size();
                        if (address + size > 1L << 32) {
                            break;
                        }
                        image.add(FirmwareImage.builder().add(p.segment).build().moved(address));
                        address += size;
                    }
                    return image.build();
                });
        return Collections.singleton(images.withoutEdgeCases());
    }
}
