// A payment through the gateway as a row of its table: its columns, reading and binding them.
#pragma once

#include "server/domain/gateway_payment.hpp"
#include "server/stores/sqlite/connection.hpp"

#include <string>
#include <vector>

namespace bookings::sqlite {

// In the table's order.
const std::vector<std::string>& gateway_payment_columns();

// "SELECT … FROM gateway_payments p"
const std::string& select_gateway_payments();

// REQUIRES: a row that begins with these columns.
gateway_payment read_gateway_payment(const statement& row);

// Binds all columns, in their order.
void bind_gateway_payment(statement& to, const gateway_payment& what);

}  // namespace bookings::sqlite
